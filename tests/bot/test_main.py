"""The command line: JSON and text that can be used, and one clear sentence when it cannot."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from theseus_observe.redaction import redact
from typer.testing import CliRunner, Result

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.cli.main import build_command_line, main
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, UnknownRun
from bot.domain.ids import shorten_id
from bot.domain.journal import Action
from bot.domain.people import Person
from tests.bot.presentation.test_cards import DIAGNOSIS, RUN
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.repositories import commit, run_git
from tests.support.agent_harness import make_failure
from tests.support.restored_logging import restore_logging

ROOT = Path(__file__).resolve().parents[2]


class Ended(NamedTuple):
    """How a call of the program ended, and what it wrote."""

    code: object
    out: str
    told: str


CONFIG = "checks:\n  quick:\n    - {name: lint, command: [ruff, check]}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)  # the folder a person stands in, not our code
    return tmp_path


def _run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(build_command_line(), list(words), input=stdin)


def _program(
    words: Sequence[str], folder: Path, *, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the program as a process of its own."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Ended]]:
    """Return what runs the program's own main function here, and tells how that ended."""
    hook = sys.excepthook

    def run(*words: str) -> Ended:
        with pytest.raises(SystemExit) as end:
            main(words)
        told = capsys.readouterr()
        return Ended(end.value.code, told.out, told.err)

    yield run
    sys.excepthook = hook


def _filled(home: Path) -> Action:
    """Put a run, an audit entry and a failure into the state folder; return the failure."""
    clock = FakeClock()
    action = make_failure(clock)

    async def fill() -> None:
        state = home / "data/state"
        async with (
            SqliteStore(state / "theseus.sqlite3") as store,
            NdjsonJournal(state, redact=redact) as journal,
        ):
            run = await store.create(RUN)
            await store.save(run, DIAGNOSIS.replace(evidence_ids=(action.id,)))
            journal.append(action)
            who = Person(id=4, name="mallory")
            await store.append_audit_entry(
                AuditEntry(at=START, action="ship", allowed=False, person=who, note="not listed")
            )

    asyncio.run(fill())
    return action


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        (["rolling dice keeps crashing, fix it"], "fix"),
        (["why does /poll fail?"], "investigate"),
        (["ship it", "--in-thread"], "ship"),
        (["ship it", "--reply-to", "proposal"], "ship"),
        (["fix this", "--reply-to", "error"], "fix"),
        (["lgtm, send it", "--in-thread"], "unclear"),
        (["don't ship it", "--reply-to", "proposal"], "unclear"),
        (["good morning"], "chat"),
        (["fix", "the", "dice"], "fix"),
    ],
)
def test_intent_prints_what_the_grammar_makes_of_a_text(words: list[str], intent: str) -> None:
    done = _run("intent", *words)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["intent"]) == (0, intent)
    assert isinstance(told["slots"], dict)
    assert ("ship" in told["slots"].get("may_mean", ())) == (intent == "unclear")


def test_redact_copies_everything_but_secrets(tmp_path: Path) -> None:
    secret = "ghp_" + "a" * 36
    done = _program(["redact"], tmp_path, stdin=f"token {secret}\nmöre\tlines\n\nno end")
    assert done.returncode == 0
    assert secret not in done.stdout
    assert done.stdout.startswith("token [redacted:")
    assert done.stdout.endswith("\nmöre\tlines\n\nno end")


def test_runs_are_listed_and_shown_with_their_evidence(home: Path) -> None:
    action = _filled(home)
    assert _run("runs", "list").stdout.split()[:4] == [RUN.id, "fix", "queued", "observe"]
    assert [run["id"] for run in json.loads(_run("runs", "list", "--json").stdout)] == [RUN.id]
    told = json.loads(_run("runs", "show", RUN.id.upper()).stdout)
    assert told["run"]["trigger"]["subject"] == "rolling dice"
    assert told["records"]["diagnosis"]["headline"] == DIAGNOSIS.headline
    assert [record["id"] for record in told["evidence"]] == [action.id]


def test_a_terminal_gets_a_run_and_records_in_words(home: Path) -> None:
    action = _filled(home)
    terminal = {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}

    def said(*words: str) -> str:
        return CliRunner().invoke(build_command_line(), list(words), env=terminal).stdout

    told = said("runs", "show", RUN.id)
    assert f"{RUN.id}: fix, queued, at observe" in told
    assert DIAGNOSIS.headline in told
    record = [shorten_id(action.id), action.event, "IndexError"]
    for lines in (told, said("journal", "search")):
        [shown] = [line for line in lines.splitlines() if record[0] in line]
        assert [each for each in record if each not in shown] == []
    assert json.loads(said("runs", "show", RUN.id, "--json"))["run"]["id"] == RUN.id
    assert json.loads(said("journal", "search", "--json"))[0]["id"] == action.id


def test_a_run_that_is_not_there_is_said(home: Path, ended: Callable[..., Ended]) -> None:
    _filled(home)
    assert isinstance(_run("runs", "show", "zzzzzz").exception, UnknownRun)
    code, out, told = ended("runs", "show", "zzzzzz")
    assert (code, out) == (2, "")
    assert told.startswith("theseus: There is no run zzzzzz; `theseus runs list` shows all")
    assert told.count("\n") == 1


def test_nothing_there_yet_is_an_empty_answer(home: Path) -> None:
    assert (_run("runs", "list").stdout, _run("journal", "search").stdout) == ("", "")
    assert json.loads(_run("runs", "list", "--json").stdout) == []
    assert json.loads(_run("audit", "--json").stdout) == []


def test_the_journal_is_searched(home: Path) -> None:
    action = _filled(home)
    for words in (
        [],
        ["--event", "command.roll"],
        ["--fingerprint", "f1f1f1f1f1f1"],
        ["--limit", "1"],
    ):
        [line] = _run("journal", "search", *words).stdout.splitlines()
        assert json.loads(line)["id"] == action.id
    assert _run("journal", "search", "--event", "command.poll").stdout == ""


def test_the_audit_log_is_shown(home: Path) -> None:
    _filled(home)
    assert _run("audit").stdout == "2026-11-21 14:00:00  mallory  ship  REFUSED  not listed\n"
    [entry] = json.loads(_run("audit", "--json").stdout)
    assert (entry["action"], entry["allowed"], entry["person"]["name"]) == (
        "ship",
        False,
        "mallory",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "nonsense"),
        (["intent"], "text"),
        (["intent", "x", "--reply-to", "foo"], "--reply-to"),
        (["runs", "list", "--limit", "0"], "--limit"),
        (["runs", "list", "--limit", "many"], "--limit"),
        (["runs", "show"], "run_id"),
        (["journal", "search", "--limit", "0"], "--limit"),
        (["audit", "--limit", "-5"], "--limit"),
        (["demo", "--port", "99999"], "--port"),
        (["demo", "--engine", "gpt"], "--engine"),
        (["demo", "--seed", "x"], "--seed"),
        (["repair"], "--repo"),
    ],
)
def test_a_wrong_option_is_named_and_exits_with_2(words: list[str], said: str) -> None:
    done = _run(*words)
    assert done.exit_code == 2
    assert said in done.output.lower()
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "words", [["run"], ["runs", "list"], ["journal", "search"], ["audit"], ["doctor"]]
)
def test_a_missing_configuration_names_the_file_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with restore_logging():
        error = _run(*words).exception
    assert isinstance(error, ConfigError)
    assert str(tmp_path / "data/config.yaml") in str(error)
    assert "THESEUS_CONFIG" in str(error)


def test_a_wrong_configuration_names_the_line_on_the_command_line(
    home: Path, ended: Callable[..., Ended]
) -> None:
    (home / "data/config.yaml").write_text("discrod: {}\n" + CONFIG)
    code, _, told = ended("runs", "list")
    assert code == 2
    assert told.startswith("theseus: data/config.yaml, line 1: unknown key discrod")
    assert told.count("\n") == 1


def test_without_a_token_the_bot_says_where_to_put_one(
    home: Path, ended: Callable[..., Ended]
) -> None:
    code, _, told = ended("run")
    assert code == 2
    assert told.splitlines()[-1].startswith("theseus: DISCORD_TOKEN is not set. Put it in ")
    assert "Traceback" not in told


@pytest.mark.slow
def test_a_bot_without_a_network_ends_so_that_a_service_starts_it_again(home: Path) -> None:
    """Exit code 2, a wrong setting, would keep it down for good."""
    (home / "data/config.yaml").write_text(CONFIG + "discord: {dev_channel_id: 1, guild_id: 2}\n")
    nowhere = "DISCORD_TOKEN=a-token\nTHESEUS_DISCORD_API_URL=http://127.0.0.1:9/api/v10\n"
    (home / ".env").write_text(nowhere)
    (home / "prompts").symlink_to(ROOT / "prompts")
    run_git(home, "init", "-q", "-b", "main")
    commit(home, {})
    done = _program(["run", "--no-supervisor"], home)
    assert done.returncode == 1
    assert "theseus: Discord cannot be reached" in done.stderr
    assert "Unclosed" not in done.stderr


def test_help_is_shown_when_nothing_is_asked(home: Path) -> None:
    done = _run()
    assert "A Discord bot that repairs and extends its own code" in done.output
    for command in ("run", "demo", "doctor", "intent", "redact", "repair", "runs", "journal"):
        assert command in done.output


def test_a_reader_that_has_seen_enough_is_no_error(home: Path) -> None:
    _filled(home)
    command = f"{sys.executable} -m bot runs show {RUN.id} | head -c 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr


def _python(source: str) -> subprocess.CompletedProcess[str]:
    """Return how a program ended."""
    command = [sys.executable, "-c", source]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


# Runs one command with closed streams, as Python starts with them, then one on a full disk.
_STREAMS = """
import sys
from bot.__main__ import main
sys.stdin = sys.stdout = None
for words, code in (["redact"], 0), (["intent", "hello"], 1):
    sys.argv[1:] = words
    try:
        main()
    except SystemExit as end:
        assert end.code == code, end.code
    sys.stdout = open("/dev/full", "w", buffering=1)
"""


def test_streams_that_are_closed_or_full_leave_no_trace() -> None:
    done = _python(_STREAMS)
    assert (done.returncode, done.stderr) == (0, "theseus: the system: No space left on device\n")


# Presses Ctrl-C as the first large import of the program begins. Whatever a shell starts beside
# itself is told to ignore Ctrl-C, and so would be what these tests start.
_TOO_EARLY = """
import os, signal, sys
sys.argv[1:] = ["run"]
signal.signal(signal.SIGINT, signal.default_int_handler)
class Press:
    def find_spec(self, name, path=None, target=None):
        if name == "bot.settings":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
import bot.__main__
"""


def test_ctrl_c_while_the_program_is_still_loading_leaves_no_trace() -> None:
    done = _python(_TOO_EARLY)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
