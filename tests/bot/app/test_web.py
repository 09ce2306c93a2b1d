"""HTTP is served where it was configured; the doctor explains what that means."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app.web import build_web_rules, describe_dashboard
from bot.cli.doctor.web import look_at_http_server
from bot.settings import Settings, load
from bot.web import WebRules, WebServer
from tests.bot.web.web_server import Room

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "a-token-that-is-long-enough"


def settings(folder: Path, http: Mapping[str, Any], **variables: str) -> Settings:
    content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    content["http"].update(http)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/config.yaml").write_text(yaml.safe_dump(content))
    return load(folder, variables)


def test_without_a_port_nothing_is_served(tmp_path: Path) -> None:
    assert build_web_rules(settings(tmp_path, {})) is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    both = build_web_rules(settings(tmp_path, {"port": 8081}, THESEUS_HTTP_PORT="9"))
    file = build_web_rules(settings(tmp_path, {"port": 8081, "trust": ["ship.example"]}))
    assert both is not None
    assert file is not None
    assert (both.port, file.port, file.trust) == (9, 8081, ("ship.example",))
    assert (file.host, file.token, file.secret) == ("127.0.0.1", None, None)


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    variables = {"THESEUS_HTTP_TOKEN": TOKEN, "THESEUS_WEBHOOK_SECRET": TOKEN[::-1]}
    rules = build_web_rules(settings(tmp_path, {"port": 1}, **variables))
    assert rules is not None
    assert (rules.token, rules.secret) == (TOKEN, TOKEN[::-1])


@pytest.mark.parametrize(
    ("http", "variables", "status", "words"),
    [
        ({}, {}, "good", "not served"),
        ({"port": 1}, {}, "good", "readable by the bot's user; webhooks are refused"),
        ({"port": 1}, {"THESEUS_HTTP_TOKEN": TOKEN}, "good", "readable with the token"),
        ({"port": 1}, {"THESEUS_WEBHOOK_SECRET": TOKEN}, "good", "webhooks are accepted"),
        ({"port": 1, "host": "10.0.0.1"}, {}, "bad", "THESEUS_HTTP_TOKEN is not set"),
        ({"port": 1}, {"THESEUS_HTTP_TOKEN": "short"}, "bad", "too short"),
    ],
)
async def test_the_doctor_tells_who_may_look(
    tmp_path: Path, http: dict[str, Any], variables: dict[str, str], status: str, words: str
) -> None:
    finding = (await look_at_http_server(settings(tmp_path, http, **variables)))[0]
    assert finding.status == status
    assert words in finding.line
    assert TOKEN not in finding.line


async def test_the_doctor_warns_of_a_token_that_others_can_hear(tmp_path: Path) -> None:
    made = settings(tmp_path, {"port": 1, "host": "10.0.0.1"}, THESEUS_HTTP_TOKEN=TOKEN)
    _, warning = await look_at_http_server(made)
    assert "TLS" in warning.remedy


@pytest.mark.parametrize(
    ("http", "variables", "told"),
    [
        ({}, {}, "is at http://127.0.0.1:7/, for the user that runs me, on this machine."),
        ({}, {"THESEUS_HTTP_TOKEN": TOKEN}, "http://127.0.0.1:7/ (log in with THESEUS_HTTP_TOKEN)"),
        ({"url": "https://bot.example.org"}, {}, "The dashboard is at https://bot.example.org/,"),
    ],
)
def test_a_start_tells_where_the_dashboard_is_and_how_to_get_in(
    tmp_path: Path, http: dict[str, Any], variables: dict[str, str], told: str
) -> None:
    server = WebServer(WebRules(port=7), Room().services)
    assert told in describe_dashboard(settings(tmp_path, http, **variables), server)
    none = describe_dashboard(settings(tmp_path, http), None)
    assert none.startswith("There is no dashboard: set THESEUS_HTTP_PORT in .env")
