"""`theseus detect`: a journal from wherever, judged by the very rules the bot lives by."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.detect_replay import replay
from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError
from bot.domain.thresholds import Thresholds
from bot.settings import parse_thresholds

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(second: float, outcome: str = "error", **about: object) -> str:
    at = START + timedelta(seconds=second)
    fields: dict[str, object] = {
        "ts": at.isoformat(), "id": f"r{second:g}", "event": "command.roll", "kind": "command",
        "name": "roll", "outcome": outcome, "duration_ms": 12.5,
        "error": {"fingerprint": "f1", "exception": "IndexError"} if outcome == "error" else None,
    }  # fmt: skip
    return json.dumps(fields | about)


def written(home: Path, lines: Iterable[str], name: str = "journal.ndjson") -> str:
    (home / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(build_command_line(), ["detect", *words], input=stdin)


def test_what_would_have_been_told_is_a_list_in_json(home: Path) -> None:
    done = run("--replay", written(home, [record(n) for n in range(5)]))
    assert (done.exit_code, done.stderr) == (0, "")
    (anomaly,) = json.loads(done.stdout)
    assert anomaly == {
        "rule": "repeated_error", "event": "command.roll", "fingerprint": "f1",
        "at": "2026-11-02T09:00:04Z", "value": 5.0, "threshold": 5.0, "volume": 5,
        "baseline": None, "evidence": ["r4", "r3", "r2", "r1", "r0"],
    }  # fmt: skip


def test_nothing_to_tell_is_an_empty_list(home: Path) -> None:
    assert json.loads(run("--replay", written(home, [record(1, "ok")])).stdout) == []


def test_a_journal_can_come_from_standard_input(home: Path) -> None:
    done = run("--replay", "-", stdin="\n".join(record(n) for n in range(5)))
    assert [each["rule"] for each in json.loads(done.stdout)] == ["repeated_error"]
    assert (
        "standard input, line 2: skipped" in run("--replay", "-", stdin=f"{record(1)}\nno").stderr
    )


def test_lines_that_are_no_records_are_named_and_passed_over(home: Path) -> None:
    broken = [
        "{not json",
        "[1]",
        "{}",
        '{"ts": 5}',
        record(3, ts="yesterday"),
        "\ufeff",
        "9" * 5_000,
    ]
    broken.append(record(3, event="command.\ud800"))  # half a character: nothing could store it
    lines = ["\ufeff" + record(0), "", *broken, *(record(n) for n in range(1, 5)), record(5)[:40]]
    done = run("--replay", written(home, lines))
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)) == 1
    told = done.stderr.splitlines()
    assert [line.split(":")[1] for line in told] == [
        f" journal.ndjson, line {number}" for number in (*range(3, 11), 15)
    ]


def test_a_file_of_nonsense_does_not_flood_the_screen(home: Path) -> None:
    complaints: list[str] = []
    source = written(home, [*["nonsense"] * 3_000, record(1)])
    assert replay(source, Thresholds(), complaints.append) == ()
    assert len(complaints) == 21
    assert "2980 more" in complaints[-1]


@pytest.mark.parametrize("lines", [[], ["", "nonsense"]])
def test_a_file_without_any_record_is_an_error(home: Path, lines: list[str]) -> None:
    source = written(home, lines)
    with pytest.raises(ConfigError, match=r"journal\.ndjson: it contains no journal record"):
        replay(source, Thresholds(), list[str]().append)


def test_a_file_that_cannot_be_read_is_an_error(home: Path) -> None:
    for source in ("nowhere.ndjson", str(home)):
        with pytest.raises(ConfigError, match=r"(nowhere\.ndjson|test_a_file).*journal file"):
            replay(source, Thresholds(), list[str]().append)


def test_thresholds_are_the_present_folders_or_those_of_the_file_named(home: Path) -> None:
    source = written(home, [record(n) for n in range(8)])
    (home / "data").mkdir()
    (home / "data/config.yaml").write_text(
        "detection: {repeated_error: {times: 8}, error_rate: null}"
    )
    (home / "mine.yaml").write_text("detection:\n  repeated_error: {times: 3}\n")
    assert [each["threshold"] for each in json.loads(run("--replay", source).stdout)] == [8]
    mine = run("--replay", source, "--config", "mine.yaml")
    assert [each["threshold"] for each in json.loads(mine.stdout)] == [3]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("detection: {error_rate: {shares: 1}}", r"mine, line 1: unknown key .*did you mean share"),
        ("detections: {}", "mine: there is no section"),
        ("error_rate: {share: 1}", "mine: there is no section"),
        ("detection: {cooldown_minutes: -1}", "mine, line 1: cooldown_minutes"),
    ],
)
def test_thresholds_that_are_wrong_are_said(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse_thresholds(text, "mine", required=True)


def test_a_configuration_that_is_named_and_not_there_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(home, [record(1)])
    done = run("--replay", source, "--config", "other.yaml")
    assert isinstance(done.exception, ConfigError)
    assert "other.yaml" in str(done.exception)
    monkeypatch.setenv("THESEUS_CONFIG", "elsewhere.yaml")
    assert "elsewhere.yaml" in str(run("--replay", source).exception)


def test_a_record_of_the_far_future_and_a_lone_last_line_hide_nothing(home: Path) -> None:
    lines = [record(0), record(1), record(9e9), record(2), record(3), record(4), record(9e9)]
    (anomaly,) = replay(written(home, lines), Thresholds(), list[str]().append)
    assert anomaly.value == 5
