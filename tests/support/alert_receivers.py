"""Who gets alerts in tests: a web server and a mail server of this machine, on free ports."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "bot", "a-password-of-this-test"


class WebReceiver:
    """Answers every POST with `status`, and keeps it."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self.came = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        """Keep one request."""
        self.requests.append(({**request.headers, "path": request.path}, await request.read()))
        self.came.set()
        return web.Response(status=self.status, headers=self.headers)

    @property
    def texts(self) -> list[str]:
        """Return the bodies."""
        return [body.decode() for _, body in self.requests]


class MailReceiver:
    """Takes mail; `refuse_with` is answered to DATA instead, `unknown` names who is not there."""

    def __init__(self) -> None:
        self.port = 0
        self.refuse_with = ""
        self.unknown: frozenset[str] = frozenset()
        self.logins: list[str] = []
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd looks for it by this name
        self, _s: SMTP, _t: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.unknown:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse a message."""
        if self.refuse_with:
            return self.refuse_with
        self.envelopes.append(envelope)
        return "250 OK"

    def log_in(
        self, _s: SMTP, _t: Session, _e: Envelope, _how: str, credentials: Any
    ) -> AuthResult:
        """Check a login."""
        assert isinstance(credentials, LoginPassword)
        self.logins.append(credentials.password.decode())
        fine = (credentials.login.decode(), credentials.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=fine, handled=False)

    @property
    def mails(self) -> list[EmailMessage]:
        """Return what came, parsed."""
        found = []
        for envelope in self.envelopes:
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=default)
            assert isinstance(parsed, EmailMessage)
            found.append(parsed)
        return found

    @property
    def texts(self) -> list[str]:
        """Return subject and body of each."""
        return [f"{mail['Subject']}\n{mail.get_content()}" for mail in self.mails]


@asynccontextmanager
async def run_web_receiver() -> AsyncIterator[WebReceiver]:
    """Yield a running receiver of webhooks."""
    receiver, app = WebReceiver(), web.Application()
    app.router.add_post("/{path:.*}", receiver.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/theseus-topic"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def run_mail_receiver(
    tls: ssl.SSLContext | None = None, *, login: bool = False
) -> AsyncIterator[MailReceiver]:
    """Yield a running mail server; `tls` offers STARTTLS, `login` requires authentication."""
    receiver = MailReceiver()

    def make_protocol() -> SMTP:
        return SMTP(
            receiver,
            hostname="mail.test",
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=receiver.log_in if login else None,
            auth_required=login,
        )

    server = await asyncio.get_running_loop().create_server(make_protocol, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
