"""The doctor says how people are alerted, and tries it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.doctor.alerts import look_at_alerts, send_test_alert
from bot.domain.errors import ConfigError
from bot.settings import Settings, load
from tests.support.alert_receivers import run_mail_receiver, run_web_receiver

ROOT = Path(__file__).resolve().parents[3]
URL = "THESEUS_ALERT_WEBHOOK_URL"
MAIL = {"host": "mail.example.org", "sender": "bot@example.org", "to": ["you@example.org"]}


def settings(folder: Path, alerts: dict[str, Any] | None = None, **variables: str) -> Settings:
    """Return settings with these alerts."""
    content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    content["alerts"].update(alerts or {})
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/config.yaml").write_text(yaml.safe_dump(content))
    return load(folder, variables)


@pytest.mark.parametrize(
    ("alerts", "variables", "told"),
    [
        ({}, {}, ["good alerts: not set"]),
        ({}, {URL: "https://x.example/s3cret", f"{URL[:-3]}SECRET": "s" * 20},
         ["good alerts: by webhook, of high incidents, 120 s without the chat"]),
        ({"when": "always"}, {URL: "https://x.example/s3cret"},
         ["good alerts: by webhook, of high incidents, always", "note alerts: the webhook is not"]),
        ({"webhook": {"format": "slack"}}, {URL: "http://x.example/s3cret"},
         ["good alerts: by webhook", "note alerts: alerts to x.example are not encrypted"]),
        ({}, {URL: "x.example/s3cret"}, ["bad alerts: THESEUS_ALERT_WEBHOOK_URL is not an http"]),
        ({"email": MAIL}, {}, ["good alerts: by e-mail"]),
        ({"email": {**MAIL, "user": "bot"}}, {},
         ["good alerts: by e-mail", "bad alerts: alerts.email.user is bot, but there is no pass"]),
        ({"email": {**MAIL, "security": "none"}}, {},
         ["good alerts: by e-mail", "note alerts: mail to mail.example.org is not encrypted"]),
    ],
)  # fmt: skip
async def test_it_says_by_what_and_who_could_read_or_forge_it(
    tmp_path: Path, alerts: dict[str, Any], variables: dict[str, str], told: list[str]
) -> None:
    findings = await look_at_alerts(settings(tmp_path, alerts, **variables))
    lines = [f"{each.status} {each.name}: {each.message}" for each in findings]
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True)), lines
    assert all(each.remedy for each in findings if each.status == "bad")
    assert "s3cret" not in str(findings)


async def test_a_test_goes_through_every_way_and_each_is_told_of(tmp_path: Path) -> None:
    async with run_web_receiver() as hook, run_mail_receiver() as mails:
        email = MAIL | {"host": "127.0.0.1", "port": mails.port, "security": "none"}
        made = settings(tmp_path, {"email": email}, **{URL: hook.url})
        findings = await send_test_alert(made)
        assert [each.status for each in findings] == ["good", "good"]
        assert '"state": "test"' in hook.texts[0]
        assert "[test] A test alert of the bot" in mails.texts[0]
        hook.status = 404
        refused, sent = await send_test_alert(made)
        assert (refused.status, refused.message) == ("bad", "127.0.0.1 answered 404")
        assert sent.status == "good"


async def test_where_there_is_no_way_it_says_what_to_set(tmp_path: Path) -> None:
    (finding,) = await send_test_alert(settings(tmp_path))
    assert finding.status == "bad"
    assert URL in finding.remedy


@pytest.mark.parametrize(
    ("email", "said"),
    [
        (MAIL | {"security": "none", "user": "bot"}, "would send the password readable"),
        (MAIL | {"to": []}, "alerts.email.to"),
        (MAIL | {"to": ["a@example.org\nBcc: b@example.org"]}, "alerts.email.to"),
        (MAIL | {"sender": "nobody"}, "alerts.email.sender"),
    ],
)
def test_a_mail_server_that_cannot_be_is_refused_with_its_key(
    tmp_path: Path, email: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        settings(tmp_path, {"email": email})
