"""Read-only commands create no folder, file or key; they say where they looked."""

import asyncio
import json
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.adapters.sqlite_store import SqliteStore
from bot.cli.main import build_command_line
from bot.domain.audit import AuditEntry
from tests.fakes.fake_clock import START

CONFIG = "checks:\n  quick:\n    - {name: lint, command: [ruff, check]}\n"
LOOKING: tuple[tuple[str, ...], ...] = (
    ("runs", "list"),
    ("runs", "list", "--json"),
    ("runs", "show", "xb3mxm"),
    ("journal", "search"),
    ("journal", "index"),
    ("audit",),
    ("audit", "--json"),
    ("audit", "verify"),
    ("audit", "verify", "--json"),
    ("audit", "export"),
    ("audit", "export", "--format", "csv"),
    ("audit", "accept", "--why", "nothing is there"),
    ("memory", "search"),
    ("memory", "search", "dice", "--json"),
    ("memory", "export"),
    ("hearing", "report"),
    ("hearing", "report", "--json"),
    ("traffic", "list"),
    ("traffic", "list", "command.roll", "--json"),
    ("budget",),
    ("budget", "--json"),
)
QUIET: tuple[tuple[str, ...], ...] = (
    ("intent", "fix the dice"),
    ("detect", "--replay", "journal.ndjson"),
    ("verdict", "--before", "journal.ndjson", "--after", "journal.ndjson", "--event", "command.x"),
    ("dependencies", "--no-files"),
    ("stop", "--lift"),
)
RECORD = {
    "ts": "2026-11-21T14:00:00Z", "id": "0" * 26, "event": "command.x", "kind": "command",
    "name": "x", "outcome": "ok",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(CONFIG)
    (tmp_path / "journal.ndjson").write_text(json.dumps(RECORD) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*")}


def run(*words: str) -> Result:
    return CliRunner().invoke(build_command_line(), list(words))


@pytest.mark.parametrize("words", [*LOOKING, *QUIET], ids=" ".join)
def test_what_only_looks_makes_nothing(home: Path, words: tuple[str, ...]) -> None:
    before = files(home)
    run(*words)
    assert files(home) == before


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_it_says_that_nothing_is_there_and_where_it_looked(
    home: Path, words: tuple[str, ...]
) -> None:
    told = run(*words)
    assert "yet: " in told.stderr
    assert str(home / "data/state") in told.stderr
    assert "set THESEUS_STATE" in told.stderr
    if "--json" in words:
        json.loads(told.stdout)


NEEDS_STATE = ("audit verify", "audit export", "audit accept", "memory export", "journal index")


@pytest.mark.parametrize("words", [*LOOKING, ("backup",)], ids=" ".join)
def test_an_empty_state_folder_is_answered_as_a_missing_one(
    home: Path, words: tuple[str, ...]
) -> None:
    missing = run(*words)
    (home / "data/state").mkdir()
    empty = run(*words)
    assert (empty.exit_code, empty.stderr) == (missing.exit_code, missing.stderr)
    if " ".join(words).startswith((*NEEDS_STATE, "backup")):
        assert missing.exit_code == 1


def test_the_version_is_printed(home: Path) -> None:
    assert run("--version").stdout == f"theseus {metadata.version('theseus')}\n"


def test_a_state_folder_that_is_there_gets_nothing_it_lacks(home: Path) -> None:
    (home / "data/state").mkdir()
    before = files(home)
    for words in LOOKING:
        run(*words)
    assert files(home) == before


async def _written(state: Path) -> None:
    async with SqliteStore(state / "theseus.sqlite3") as store:
        await store.append_audit_entry(AuditEntry(at=START, action="ask", allowed=True))


def test_a_log_that_is_gone_but_was_noted_is_broken_and_not_new(home: Path) -> None:
    state = home / "data/state"
    asyncio.run(_written(state))
    for file in state.glob("theseus.sqlite3*"):
        file.unlink()
    told = run("audit", "verify")
    assert told.exit_code != 0
    assert "yet: " not in told.stderr
