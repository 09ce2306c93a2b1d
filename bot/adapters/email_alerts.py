"""Sends alerts by e-mail, with a mail server that the owner configures."""

import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal, NamedTuple

import structlog
from pydantic import SecretStr
from theseus_guard.completion import run_in_thread
from theseus_observe.redaction import redact

from bot.domain.alert import Alert
from bot.domain.errors import AlertRejected, AlertUnavailable

MailSecurity = Literal["starttls", "tls", "none"]
_SECONDS = 20.0
_log = structlog.stdlib.get_logger(__name__)


class MailServer(NamedTuple):
    """The mail server's address, login and connection security."""

    host: str
    port: int
    security: MailSecurity = "starttls"
    user: str | None = None
    password: SecretStr | None = None


class EmailAlertChannel:
    """Implements `bot.ports.alert_channel.AlertChannel` with smtplib, in a thread.

    A server without the configured TLS, or with an invalid certificate, receives neither the
    password nor the alert. `context` sets the TLS options; by default the system's authorities are
    trusted.
    """

    name = "e-mail"

    def __init__(
        self,
        server: MailServer,
        sender: str,
        recipients: Sequence[str],
        *,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self._recipients = tuple(recipients)
        self._context = context

    async def send(self, alert: Alert) -> None:
        """Send one message; see the port."""
        await run_in_thread(self._send, self._build_message(alert.redact_secrets(redact)))

    def _build_message(self, alert: Alert) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Subject"] = " ".join(alert.headline.split())
        mail["Date"] = format_datetime(alert.at)
        mail["Message-ID"] = self._build_message_id(alert, alert.state)
        mail["Auto-Submitted"] = "auto-generated"
        if alert.state == "resolved":
            mail["In-Reply-To"] = mail["References"] = self._build_message_id(alert, "firing")
        mail.set_content("\n\n".join(part for part in (alert.title, alert.text, alert.url) if part))
        return mail

    def _build_message_id(self, alert: Alert, state: str) -> str:
        """Return a stable id for an alert: mail programs show it once, with its end below it."""
        digest = hashlib.sha256(f"{alert.id} {alert.since} {state}".encode()).hexdigest()[:32]
        return f"<{digest}@{self._sender.rpartition('@')[2].rstrip('>')}>"

    def _send(self, mail: EmailMessage) -> None:
        address = f"{self._server.host}:{self._server.port}"
        try:
            with self._connect() as smtp:
                if self._server.user is not None and self._server.password is not None:
                    smtp.login(self._server.user, self._server.password.get_secret_value())
                refused = smtp.send_message(mail)
        except smtplib.SMTPNotSupportedError as error:
            raise AlertRejected(f"{address} does not support what I need: {error}") from None
        except smtplib.SMTPAuthenticationError as error:
            raise _build_response_error(f"{address} refuses the login", error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _build_response_error(
                f"{address} accepts mail for none of the recipients", _get_worst_status(error)
            ) from None
        except smtplib.SMTPResponseException as error:
            raise _build_response_error(f"{address} refuses the mail", error.smtp_code) from None
        except ssl.SSLCertVerificationError as error:
            message = f"the certificate of {address} is not valid ({error.verify_message})"
            raise AlertRejected(message) from None
        except (OSError, smtplib.SMTPException) as error:
            raise AlertUnavailable(
                f"{address} cannot be reached ({type(error).__name__})"
            ) from None
        if refused:
            _log.warning("%s accepted an alert, but not for %d recipients", address, len(refused))

    def _connect(self) -> smtplib.SMTP:
        host, port, security = self._server.host, self._server.port, self._server.security
        context = self._context or ssl.create_default_context()
        if security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
        smtp = smtplib.SMTP(host, port, timeout=_SECONDS)
        try:
            if security == "starttls":
                smtp.starttls(context=context)
        except (OSError, smtplib.SMTPException):
            smtp.close()
            raise
        return smtp


def _build_response_error(text: str, status: int) -> AlertRejected | AlertUnavailable:
    """Return the error for a response: 4xx is temporary, 5xx is permanent."""
    kind = AlertUnavailable if 400 <= status < 500 else AlertRejected
    return kind(f"{text} ({status})")


def _get_worst_status(error: smtplib.SMTPRecipientsRefused) -> int:
    return max((status for status, _ in error.recipients.values()), default=550)
