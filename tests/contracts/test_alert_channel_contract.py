"""What every way to alert people promises, on the fake, by HTTP in each form, and by e-mail."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bot.adapters.email_alerts import EmailAlertChannel, MailServer
from bot.adapters.webhook_alerts import WebhookAlertChannel, WebhookFormat
from bot.domain.alert import Alert
from bot.domain.errors import AlertRejected, AlertUnavailable
from bot.ports.alert_channel import AlertChannel
from tests.fakes.fake_alert_channel import FakeAlertChannel
from tests.fakes.fake_clock import FakeClock
from tests.support.alert_receivers import run_mail_receiver, run_web_receiver

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = "ghp_" + "a1B2c3D4" * 5
ALERT = Alert(
    id="incident:k7m2xq:0", title="/roll fails ☂", text="5 times since 12:00\n\nline 3",
    since=AT, at=AT, url="https://bot.example.org/incidents/k7m2xq",
)  # fmt: skip
WEBHOOKS: tuple[WebhookFormat, ...] = ("json", "slack", "ntfy")


@dataclass
class Way:
    """A channel, what came out at its other end, and how to make that refuse."""

    channel: AlertChannel
    texts: Callable[[], Sequence[str]]
    refuse: Callable[[bool], None]


@pytest.fixture(params=["fake", *WEBHOOKS, "e-mail"])
async def way(request: pytest.FixtureRequest) -> AsyncIterator[Way]:
    """Return a channel that somebody listens to."""
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            yield _fake()
        elif request.param == "e-mail":
            mails = await stack.enter_async_context(run_mail_receiver())
            server = MailServer("127.0.0.1", mails.port, "none")

            def refuse_mail(for_good: bool) -> None:
                mails.refuse_with = "554 no" if for_good else "451 later"

            channel = EmailAlertChannel(server, "bot@example.org", ["a@example.org"])
            yield Way(channel, lambda: mails.texts, refuse_mail)
        else:
            hook = await stack.enter_async_context(run_web_receiver())

            def refuse_request(for_good: bool) -> None:
                hook.status = 403 if for_good else 503

            url = SecretStr(hook.url)
            webhook = WebhookAlertChannel(url, FakeClock(), form=request.param, secret=None)
            yield Way(webhook, lambda: hook.texts, refuse_request)


def _fake() -> Way:
    fake = FakeAlertChannel()

    def refuse(for_good: bool) -> None:
        fake.failure = AlertRejected("no") if for_good else AlertUnavailable("later")

    return Way(fake, lambda: [f"{each.headline}\n{each.text}" for each in fake.sent], refuse)


async def test_what_is_sent_arrives_with_its_title_and_text(way: Way) -> None:
    await way.channel.send(ALERT)
    (text,) = way.texts()
    assert "/roll fails ☂" in text
    assert "5 times since 12:00" in text
    assert "line 3" in text


async def test_the_end_is_told_apart_from_the_beginning(way: Way) -> None:
    await way.channel.send(ALERT)
    await way.channel.send(ALERT.replace(state="resolved"))
    begun, ended = way.texts()
    assert begun != ended


async def test_secrets_do_not_leave(way: Way) -> None:
    await way.channel.send(ALERT.replace(title=f"title {KEY}", text=f"text {KEY}"))
    (text,) = way.texts()
    assert KEY not in text


async def test_a_longest_alert_goes_out(way: Way) -> None:
    await way.channel.send(ALERT.replace(title="t" * 300, text="x" * 4_000))
    assert len(way.texts()) == 1


async def test_who_is_busy_may_be_asked_again(way: Way) -> None:
    way.refuse(False)
    with pytest.raises(AlertUnavailable):
        await way.channel.send(ALERT)
    assert way.channel.name


async def test_who_refuses_for_good_is_not_asked_again(way: Way) -> None:
    way.refuse(True)
    with pytest.raises(AlertRejected):
        await way.channel.send(ALERT)
