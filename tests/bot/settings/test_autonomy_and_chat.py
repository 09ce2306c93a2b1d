"""What the bot may do by itself, as people set it."""

from datetime import time
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Level
from bot.domain.anomaly import Rule
from bot.domain.errors import ConfigError
from bot.domain.thresholds import Thresholds
from bot.settings import parse_config

CHECKS = "checks:\n  quick:\n    - {name: lint, command: [ruff, check]}\n"
ROOT = Path(__file__).resolve().parents[3]


def test_the_shipped_configuration_sets_nothing_but_the_defaults() -> None:
    """What somebody leaves out behaves as the file that they read says."""
    shipped = parse_config((ROOT / "data/config.yaml").read_text(encoding="utf-8"), "shipped")
    bare = parse_config(CHECKS, "bare")
    for name in ("detection", "incidents", "autonomy", "watch", "self_audit", "chat", "missed"):
        assert getattr(shipped, name) == getattr(bare, name), name


def test_an_override_keeps_what_it_does_not_set() -> None:
    text = """
detection:
  error_rate: {share: 0.5}
  repeated_error: null
  overrides:
    - {events: "command.search*", error_rate: {volume: 3}, latency: null}
    - {events: "task.*", repeated_error: {times: 2}}
"""
    search, task = parse_config(text + CHECKS, "config.yaml").detection.overrides
    assert search.error_rate is not None
    assert (search.error_rate.share, search.error_rate.volume) == (0.5, 3)
    assert search.latency is None
    assert search.repeated_error is None
    assert task.repeated_error is not None
    assert task.repeated_error.times == 2
    assert task.latency == Thresholds().latency


def test_thresholds_read_back_as_they_were_written() -> None:
    thresholds = Thresholds.model_validate(
        {"latency": None, "overrides": [{"events": "a", "error_rate": {"share": 0.9}}]}
    )
    assert Thresholds.model_validate_json(thresholds.model_dump_json()) == thresholds


def test_levels_and_quiet_hours_are_read() -> None:
    text = """
incidents: {quiet_hours: {from: "22:00", to: "07:00", timezone: Europe/Berlin}}
autonomy:
  rules: {error_rate: report}
  paths: [{paths: ["bot/**"], level: investigate}]
"""
    config = parse_config(text + CHECKS, "config.yaml")
    assert config.incidents.quiet_hours is not None
    assert config.incidents.quiet_hours.start == time(22)
    assert config.autonomy.rules == {Rule.ERROR_RATE: Level.REPORT}
    assert config.autonomy.paths[0].level is Level.INVESTIGATE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("self_audit: {cron: every morning}\n", "not a cron expression"),
        ("self_audit: {timezone: Mars/Olympus}\n", "not a time zone"),
        ("incidents: {quiet_hours: {from: '22:00', to: '07:00', timezone: ../x}}\n", "time zone"),
        ("incidents: {severity: {slowness: low}}\n", "severity"),
        ("autonomy: {level: merge}\n", "level"),
        ("detection: {error_rate: {share: 30}}\n", "share"),
        ("detection: {overrides: [{error_rate: null}]}\n", "events"),
        ("watch: {alpha: 1}\n", "alpha"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.yaml, line 1") as raised:
        parse_config(text + CHECKS, "config.yaml")
    assert said in str(raised.value)
