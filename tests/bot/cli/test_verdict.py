"""`theseus verdict`: JSON about two journals, and one clear sentence where there is none."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError
from tests.bot.detection.test_comparison import NEW, OLD


def journal(path: Path, failures: Sequence[str | None], *, event: str = "command.roll") -> Path:
    """Append one record a second: a failure with that fingerprint, or none."""
    with path.open("a", encoding="utf-8") as lines:
        for number, fingerprint in enumerate(failures):
            record = {
                "ts": f"2026-11-20T10:{number // 60:02}:{number % 60:02}.000000Z",
                "id": f"{number:026}",
                "event": event,
                "kind": event.partition(".")[0],
                "name": event.partition(".")[2],
                "outcome": "error" if fingerprint else "ok",
                "duration_ms": 20.0 + number % 7,
                "error": {"fingerprint": fingerprint} if fingerprint else None,
            }
            lines.write(json.dumps(record) + "\n")
    return path


def verdict(before: Path, after: Path, *more: str) -> Result:
    words = ["--before", str(before), "--after", str(after), "--event", "command.roll", *more]
    return CliRunner().invoke(build_command_line(), ["verdict", *words])


def test_it_prints_the_verdict_with_counts_p_values_and_reasons(tmp_path: Path) -> None:
    before = journal(tmp_path / "before", [OLD] * 14 + [None] * 46)
    after = journal(tmp_path / "after", [None] * 45)
    journal(after, [OLD] * 50, event="command.poll")  # another command's do not count
    done = verdict(before, after, "--fingerprint", OLD)
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert said["verdict"] == "fixed"
    assert said["p_value"] == said["p_values"]["same"] == pytest.approx(0.000189059)
    assert {"actions": 60, "failures": 14, "same": 14}.items() <= said["counts"]["before"].items()
    assert {"actions": 45, "failures": 0, "same": 0}.items() <= said["counts"]["after"].items()
    assert said["reasons"] == ["The failure: 14 in 60 actions before, 0 in 45 after, p = 0.00019."]


def test_a_fingerprint_tells_a_new_failure_from_the_old_one(tmp_path: Path) -> None:
    before = journal(tmp_path / "before", [OLD] * 14 + [None] * 46)
    after = journal(tmp_path / "after", [NEW] * 14 + [None] * 46)
    assert json.loads(verdict(before, after, "--fingerprint", OLD).stdout)["verdict"] == "regressed"
    assert json.loads(verdict(before, after).stdout)["verdict"] == "not_fixed"


def test_bad_lines_are_named_and_passed_over(tmp_path: Path) -> None:
    before = journal(tmp_path / "before", [OLD] * 14 + [None] * 46)
    after = tmp_path / "after"
    after.write_bytes(b'{"half a rec\n[1]\n\n{"ts": "soon"}\n\xff\xfe\n' + b"[" * 20_000 + b"\n")
    journal(after, [None] * 45)
    done = verdict(before, after, "--fingerprint", OLD)
    assert (done.exit_code, json.loads(done.stdout)["verdict"]) == (0, "fixed")
    named = [line.partition(": skipped")[0] for line in done.stderr.splitlines()]
    assert named == [f"theseus: {after}:{number}" for number in (1, 2, 4, 5, 6)]


def test_a_thousand_bad_lines_are_not_a_thousand_messages(tmp_path: Path) -> None:
    before = journal(tmp_path / "before", [OLD] * 14 + [None] * 46)
    (tmp_path / "after").write_text("no record\n" * 1_000)
    done = verdict(before, journal(tmp_path / "after", [None] * 45))
    assert len(done.stderr.splitlines()) == 11
    assert "990 more lines skipped" in done.stderr


def test_an_empty_journal_after_is_no_traffic(tmp_path: Path) -> None:
    before = journal(tmp_path / "before", [OLD] * 14 + [None] * 46)
    done = verdict(before, journal(tmp_path / "after", []))
    assert json.loads(done.stdout)["verdict"] == "inconclusive"
    assert f"{tmp_path / 'after'}: the file is empty" in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, "after", "--before before: No such file or directory"),
        ("after", None, "--after after: No such file or directory"),
        ("", "after", "--before before: the file is empty"),
        ("prose\n", "after", "--before before: it contains no journal record"),
        ("after", "prose\n", "--after after: it contains no journal record"),
        (
            "other",
            "other",
            "--event command.roll: neither file contains this event. They contain: command.poll.",
        ),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    after: str | None,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (("before", before), ("after", after)):
        if content in ("after", "other"):
            event = "command.poll" if content == "other" else "command.roll"
            journal(Path(name), [OLD] * 14 + [None] * 46, event=event)
        elif content is not None:
            Path(name).write_text(content)
    done = verdict(Path("before"), Path("after"))
    assert isinstance(done.exception, ConfigError)  # which the program says with exit code 2
    assert said in str(done.exception)


def test_what_is_left_in_files_is_judged_however_short_they_are(tmp_path: Path) -> None:
    before = journal(tmp_path / "before", [OLD] * 14 + [None] * 46)
    after = journal(tmp_path / "after", [None] * 45)  # 45 s, less than a watch would wait
    assert json.loads(verdict(before, after).stdout)["verdict"] == "fixed"
