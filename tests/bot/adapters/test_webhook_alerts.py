"""A webhook gets a signed alert, and no other server gets anything."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bot.adapters.webhook_alerts import WebhookAlertChannel, WebhookFormat, sign
from bot.domain.alert import Alert
from bot.domain.errors import AlertRejected, AlertUnavailable, ConfigError
from tests.fakes.fake_clock import START, FakeClock
from tests.support.alert_receivers import WebReceiver, run_web_receiver

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = SecretStr("a-secret-of-this-test")
ALERT = Alert(id="incident:k7m2xq:0", title="/roll fails", text="5 times", since=AT, at=AT)


@pytest.fixture
async def hook() -> AsyncIterator[WebReceiver]:
    async with run_web_receiver() as receiver:
        yield receiver


def channel(
    url: str, form: WebhookFormat = "json", secret: SecretStr | None = SECRET
) -> WebhookAlertChannel:
    return WebhookAlertChannel(SecretStr(url), FakeClock(), form=form, secret=secret)


async def test_the_signature_is_over_the_time_and_exactly_this_body(hook: WebReceiver) -> None:
    await channel(hook.url).send(ALERT)
    ((headers, body),) = hook.requests
    stamp = headers["X-Theseus-Timestamp"]
    assert stamp == str(int(START.timestamp()))
    assert headers["X-Theseus-Signature"] == sign("a-secret-of-this-test", stamp, body)
    assert headers["X-Theseus-Signature"] != sign("another", stamp, body)
    assert headers["X-Theseus-Signature"] != sign("a-secret-of-this-test", "1", body)
    told = json.loads(body)
    assert (told["version"], told["id"], told["state"]) == (1, "incident:k7m2xq:0", "firing")
    assert told["since"] == "2026-11-21T12:00:00Z"


async def test_slack_cannot_be_made_to_mention_anybody_or_show_a_link(hook: WebReceiver) -> None:
    evil = ALERT.replace(
        title="<!channel> <@U123> *bold*", text="<https://evil.example|click> & co"
    )
    await channel(hook.url, "slack").send(evil)
    ((headers, body),) = hook.requests
    text = json.loads(body)["text"]
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    assert "X-Theseus-Signature" not in headers


async def test_ntfy_gets_its_topic_from_the_address_and_a_token_in_a_header(
    hook: WebReceiver,
) -> None:
    await channel(hook.url, "ntfy").send(ALERT)
    ((headers, body),) = hook.requests
    told = json.loads(body)
    assert (headers["path"], told["topic"]) == ("/hook/", "theseus-topic")
    assert headers["Authorization"] == "Bearer a-secret-of-this-test"
    assert (told["priority"], told["title"]) == (5, "[high] /roll fails")


async def test_a_redirect_leads_nowhere(hook: WebReceiver) -> None:
    """The receiver must not be able to direct requests into the internal network."""
    async with run_web_receiver() as inside:
        hook.status, hook.headers = 307, {"Location": inside.url}
        with pytest.raises(AlertRejected, match="redirects are not followed"):
            await channel(hook.url).send(ALERT)
        assert inside.requests == []


async def test_an_error_shows_the_host_and_nothing_else_of_the_address() -> None:
    made = channel("http://127.0.0.1:9/s3cret-path")
    with pytest.raises(AlertUnavailable) as caught:
        await made.send(ALERT)
    shown = f"{caught.value} {caught.value.__cause__} {made!r}"
    assert "s3cret" not in shown
    assert "cannot be reached" in shown


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/y", "no-scheme.example.org", "https:///s3cret"]
)
def test_another_address_than_http_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="THESEUS_ALERT_WEBHOOK_URL") as caught:
        channel(url)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [(408, AlertUnavailable), (429, AlertUnavailable), (500, AlertUnavailable),
     (400, AlertRejected), (401, AlertRejected), (404, AlertRejected), (302, AlertRejected)],
)  # fmt: skip
async def test_what_an_answer_means(hook: WebReceiver, status: int, error: type[Exception]) -> None:
    hook.status = status
    with pytest.raises(error, match=str(status)):
        await channel(hook.url).send(ALERT)
