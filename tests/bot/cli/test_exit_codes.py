"""Exit codes: 0 for an answer, 1 if nothing was found, 2 for wrong input."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.cli.main import main
from bot.domain.memory import Memory
from tests.bot.presentation.test_cards import RUN
from tests.fakes.fake_clock import FakeClock
from tests.support.agent_harness import make_failure

NOTE = Memory(key="note:1", kind="note", text="the dice are loaded", at=datetime.now(UTC))


async def _kept(state: Path, *, empty: bool) -> None:
    (state / "journal").mkdir(parents=True)
    async with (
        SqliteStore(state / "theseus.sqlite3") as store,
        SqliteMemory(state / "memory.sqlite3", redact=redact) as memory,
        SqliteTraffic(state / "traffic/traffic.sqlite3", redact=redact),
        NdjsonJournal(state, redact=redact) as journal,
    ):
        if not empty:
            await store.create(RUN)
            await memory.remember(NOTE)
            journal.append(make_failure(FakeClock()))


@pytest.fixture(scope="module", params=[False, True], ids=["something kept", "nothing kept"])
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, bool]:
    """Return a bot's folder, which commands only look at, and whether its state is empty."""
    folder, empty = tmp_path_factory.mktemp("home"), bool(request.param)
    (folder / "data").mkdir()
    config = "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"
    (folder / "data/config.yaml").write_text(config)
    asyncio.run(_kept(folder / "data/state", empty=empty))
    return folder, empty


@pytest.fixture
def empty(home: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.chdir(home[0])
    return home[1]


def ended(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    hook = sys.excepthook
    with pytest.raises(SystemExit) as end:
        main([*words[0].split(), *words[1:]])
    sys.excepthook = hook
    told = capsys.readouterr()
    return end.value.code or 0, told.out, told.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("runs list", "There are no runs yet. Report a bug"),
        ("journal search", "The journal is empty."),
        ("memory search", "The memory is empty."),
        ("traffic list", "There are no records of the last 24 h."),
        ("audit", "The audit log is empty."),
    ],
)
def test_a_list_that_is_empty_is_an_answer_and_says_so(
    empty: bool, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    code, out, said = ended(capsys, words)
    assert code == 0
    if empty or words in ("traffic list", "audit"):
        assert (out, said.startswith(f"theseus: {told}"), said.count("\n")) == ("", True, 1)
        assert json.loads(ended(capsys, f"{words} --json")[1]) == []
    else:
        assert out and not said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("journal search --event command.rol", "did you mean command.roll?"),
        ("journal search --event nosuch", "known events: command.roll."),
        ("journal search --event command.roll --fingerprint f0", "has the fingerprint 'f0'"),
        ("memory search zebra", "No memory matches 'zebra'."),
        ("traffic list command.rol", "There is no record of 'command.rol' in the last 24 h"),
        ("audit --run zzz", "The audit log has no entry about run 'zzz'."),
        ("audit --person 7", "The audit log has no entry by user 7."),
    ],
)
def test_a_search_that_finds_nothing_says_why_and_ends_in_1(
    empty: bool, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    code, out, said = ended(capsys, words)
    assert (code, out) == (1, "")
    assert empty or told in said
    code, out, _ = ended(capsys, f"{words} --json")
    assert (code, json.loads(out)) == (1, [])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("runs show nope", "There is no run nope; `theseus runs list` shows all runs."),
        (f"runs show {RUN.id[:-1]}", f"did you mean {RUN.id}? `theseus runs list`"),
        ("traffic show nope", "There is no record 'nope'. `theseus traffic list` shows ids."),
        ("intent  --in-thread", "Missing argument"),
    ],
)
def test_an_id_that_is_not_there_is_a_wrong_argument(
    empty: bool, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    code, out, said = ended(capsys, words)
    assert (code, out) == (2, "")
    assert told in said or (empty and "did you mean" in told)


def test_a_sentence_of_no_words_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, said = ended(capsys, "intent", " ")
    assert (code, out) == (2, "")
    assert "the message is empty" in said
