"""Mail uses TLS with a verified server, and other people's text cannot set headers."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapters.email_alerts import EmailAlertChannel, MailServer
from bot.domain.alert import Alert
from bot.domain.errors import AlertRejected, AlertUnavailable
from tests.support.alert_receivers import PASSWORD, USER, MailReceiver, run_mail_receiver
from tests.support.certificates import make_server_context

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALERT = Alert(id="incident:k7m2xq:0", title="/roll fails", text="5 times", since=AT, at=AT)
TO = ("Ann <ann@example.org>", "ben@example.org")


@pytest.fixture
async def mails() -> AsyncIterator[MailReceiver]:
    async with run_mail_receiver() as receiver:
        yield receiver


def channel(
    port: int, *, password: str = "", context: ssl.SSLContext | None = None
) -> EmailAlertChannel:
    """Return one without TLS, or with a login and STARTTLS."""
    server = MailServer("127.0.0.1", port, "none")
    if password:
        server = MailServer("127.0.0.1", port, "starttls", USER, SecretStr(password))
    return EmailAlertChannel(server, "Theseus <bot@example.org>", TO, context=context)


async def test_everybody_gets_one_mail_and_its_end_as_an_answer_to_it(mails: MailReceiver) -> None:
    await channel(mails.port).send(ALERT)
    await channel(mails.port).send(ALERT.replace(state="resolved"))
    begun, ended = mails.mails
    assert mails.envelopes[0].rcpt_tos == ["ann@example.org", "ben@example.org"]
    assert begun["Subject"] == "[high] /roll fails"
    assert ended["Subject"] == "[over] /roll fails"
    assert ended["In-Reply-To"] == begun["Message-ID"]
    assert begun["Message-ID"].endswith("@example.org>")


async def test_a_mail_that_is_sent_again_is_known_by_its_id(mails: MailReceiver) -> None:
    await channel(mails.port).send(ALERT)
    await channel(mails.port).send(ALERT.replace(at=AT.replace(hour=13)))
    first, again = mails.mails
    assert first["Message-ID"] == again["Message-ID"]


async def test_a_title_makes_no_header(mails: MailReceiver) -> None:
    await channel(mails.port).send(ALERT.replace(title="x\r\nBcc: evil@example.net\r\n\r\nspam"))
    (mail,) = mails.mails
    assert mail["Bcc"] is None
    assert mails.envelopes[0].rcpt_tos == ["ann@example.org", "ben@example.org"]
    assert mail["Subject"] == "[high] x Bcc: [redacted:email] spam"


async def test_the_password_goes_over_tls_only(tmp_path: Path) -> None:
    tls, authority = make_server_context(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority))
    async with run_mail_receiver(tls, login=True) as mails:
        await channel(mails.port, password=PASSWORD, context=trusted).send(ALERT)
        assert (len(mails.mails), mails.logins) == (1, [PASSWORD])


async def test_a_server_that_hides_its_tls_gets_no_password(mails: MailReceiver) -> None:
    with pytest.raises(AlertRejected, match="STARTTLS"):
        await channel(mails.port, password=PASSWORD).send(ALERT)
    assert (mails.logins, mails.envelopes) == ([], [])


async def test_a_server_with_a_foreign_certificate_gets_no_password(tmp_path: Path) -> None:
    tls, _ = make_server_context(tmp_path)
    async with run_mail_receiver(tls, login=True) as mails:
        with pytest.raises(AlertRejected, match="certificate"):
            await channel(mails.port, password=PASSWORD).send(ALERT)
        assert (mails.logins, mails.envelopes) == ([], [])


async def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path) -> None:
    tls, authority = make_server_context(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority))
    async with run_mail_receiver(tls, login=True) as mails:
        with pytest.raises(AlertRejected, match="refuses the login") as caught:
            await channel(mails.port, password="wrong-one", context=trusted).send(ALERT)
    assert "wrong-one" not in str(caught.value)


async def test_one_who_is_not_there_does_not_keep_it_from_the_others(mails: MailReceiver) -> None:
    mails.unknown = frozenset({"ben@example.org"})
    await channel(mails.port).send(ALERT)
    assert mails.envelopes[0].rcpt_tos == ["ann@example.org"]


async def test_nobody_of_those_named_is_there(mails: MailReceiver) -> None:
    mails.unknown = frozenset({"ann@example.org", "ben@example.org"})
    with pytest.raises(AlertRejected, match="none of the recipients"):
        await channel(mails.port).send(ALERT)


async def test_a_server_that_is_not_there_may_be_later() -> None:
    with pytest.raises(AlertUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        await channel(9).send(ALERT)
