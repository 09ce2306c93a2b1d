"""The program's log: one object per line, redacted for every logger."""

import asyncio
import io
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.telemetry import Recorder, set_current_run
from bot.telemetry.logs import configure_logging
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.support.restored_logging import restore_logging


class Careless:
    """Something whose repr tells a secret."""

    def __repr__(self) -> str:
        return "<Careless hunter2>"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Return where the log goes, and put logging back afterwards."""
    target = io.StringIO()
    with restore_logging():
        configure_logging(redact=lambda text: text.replace("hunter2", "[x]"), stream=target)
        yield target


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """Return what was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_structlog_and_the_standard_library_come_out_alike(stream: io.StringIO) -> None:
    structlog.get_logger("ours").info("run.started", run_id="abc123")
    logging.getLogger("theirs").warning("%s of %d", "one", 2, extra={"run_id": "abc123"})
    ours, theirs = lines(stream)
    assert (ours["event"], ours["level"], ours["logger"]) == ("run.started", "info", "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == (
        "one of 2",
        "warning",
        "theirs",
    )
    assert ours["run_id"] == theirs["run_id"] == "abc123"
    assert str(ours["ts"]).endswith("Z")


def test_nothing_secret_is_logged_by_anybody(stream: io.StringIO) -> None:
    log = structlog.get_logger("ours")
    log.info(
        "say hunter2",
        deep={"a": [{"password": "p"}, "hunter2", {"hunter2": 1}]},
        thing=Careless(),
        n=1,
    )
    logging.getLogger("theirs").error("got %s and %s", Careless(), "hunter2")
    try:
        int("hunter2")
    except ValueError:
        logging.getLogger("theirs").exception("failed")
    text = stream.getvalue()
    assert "hunter2" not in text
    assert '"p"' not in text
    assert "ValueError: invalid literal for int() with base 10: '[x]'" in text
    assert lines(stream)[0]["n"] == 1


def test_any_text_stays_on_its_line(stream: io.StringIO) -> None:
    structlog.get_logger("ours").info("a\nb\u2028c\x85d\x00e\ud800")
    assert lines(stream)[0]["event"] == "a\nb\u2028c\x85d\x00e\ud800"


def test_a_terminal_gets_readable_lines(stream: io.StringIO) -> None:
    target = io.StringIO()
    configure_logging(redact=str, stream=target, console=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            int("bad")
        except ValueError:
            structlog.get_logger("ours").exception("run.failed", run_id="abc123")
    assert "run.failed" in target.getvalue()
    assert "ValueError: invalid literal" in target.getvalue()
    assert not target.getvalue().startswith("{")


def test_what_somebody_wrote_moves_nothing_on_a_terminal(stream: io.StringIO) -> None:
    configure_logging(stream=stream, console=True)
    said = "all is well\x1b[2K\x1b[1A\rthey \u202edeil"
    logging.getLogger("theirs").error("they said %s", said, exc_info=ValueError(said))
    structlog.get_logger("ours").info(said, words=said)
    shown = re.sub(r"\x1b\[\d{0,2}m", "", stream.getvalue())  # the log's own colours
    assert "they deil" in shown
    assert shown.replace("\n", "").isprintable()


def test_the_level_is_kept(stream: io.StringIO) -> None:
    structlog.get_logger("ours").debug("quiet")
    logging.getLogger("theirs").debug("quiet")
    assert stream.getvalue() == ""


def test_by_default_it_goes_to_standard_error(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    structlog.get_logger("ours").warning("here")
    assert json.loads(capsys.readouterr().err)["event"] == "here"
    assert sys.stderr is not None


def test_what_discord_py_says_of_voice_and_of_anothers_client_is_left_out(
    stream: io.StringIO,
) -> None:
    logging.getLogger("discord.client").warning("PyNaCl is not installed, voice will NOT work")
    logging.getLogger("discord.state").warning("Guilds intent seems to be disabled.")
    logging.getLogger("discord.state").warning("Shard ID %s timed out", 1)
    assert [line["event"] for line in lines(stream)] == ["Shard ID 1 timed out"]


async def test_lines_name_run_person_and_commit_also_in_tasks_and_of_libraries(
    stream: io.StringIO, tmp_path: Path
) -> None:
    recorder = Recorder(FakeJournal(), FakeClock(), tmp_path, b"s" * 32, lambda: "abc1234")

    async def log_later() -> None:
        structlog.stdlib.get_logger("ours").warning("%s of %d", "one", 2)
        logging.getLogger("theirs").warning("outside")

    with set_current_run("7k2m9q"), recorder.label_logs(7):
        task = asyncio.create_task(log_later())
    structlog.stdlib.get_logger("ours").warning("afterwards")
    await task
    afterwards, *labelled = lines(stream)
    assert [line["event"] for line in labelled] == ["one of 2", "outside"]
    for line in labelled:
        assert line["run"] == "7k2m9q"
        assert line["person"] == recorder.get_pseudonym(7)
        assert line["commit"] == "abc1234"
    assert not {"run", "person", "commit"} & set(afterwards)


def test_a_line_without_a_person_names_the_commit_alone(
    stream: io.StringIO, tmp_path: Path
) -> None:
    recorder = Recorder(FakeJournal(), FakeClock(), tmp_path, b"s" * 32, lambda: "abc1234")
    with recorder.label_logs(None):
        structlog.stdlib.get_logger("ours").warning("here")
    (line,) = lines(stream)
    assert line["commit"] == "abc1234"
    assert "person" not in line


LOGS_AND_FAILS = """
from bot.infra.standard_logs import use_standard_logging
import structlog
use_standard_logging()
log = structlog.stdlib.get_logger("ours")
def fail():
    password = "hunter" + str(2)
    raise ValueError("bad")
log.info("quiet")
try:
    fail()
except ValueError:
    log.exception("it failed %d times", 3)
"""


def test_a_command_prints_what_it_logs_as_the_standard_library_does() -> None:
    command = [sys.executable, "-c", LOGS_AND_FAILS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.startswith("it failed 3 times\nTraceback (most recent call last):")
    assert "ValueError: bad" in done.stderr
    assert "quiet" not in done.stderr
    assert "hunter2" not in done.stderr
