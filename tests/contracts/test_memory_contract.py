"""What every memory book promises, on the fake, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.adapters.sqlite_memory import SqliteMemory, SqlMemory, TableWords
from bot.app.state_parts import MEMORY
from bot.domain.memory import Memory, Recall
from bot.ports.memory import MemoryStore
from tests.fakes.fake_memory import FakeMemory
from tests.support.postgres_server import open_schema

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
SECRET = "sk-ant-api03-" + "a1B2" * 20


def a_fix(run: str = "aaaaaa", *, age: int = 0, **changes: object) -> Memory:
    """Return what a shipped run taught, `age` days old."""
    fix = Memory(
        key=f"fix:{run}",
        kind="fix",
        text="2 IndexErrors from /roll: count faces from 1",
        event="command.roll",
        fingerprint="f-dice",
        exception="IndexError",
        file="cogs/dice.py",
        function="face",
        run_id=run,
        number=47,
        approach="count faces from 1",
        diff_hash="d1",
        at=AT - timedelta(days=age),
    )
    return fix.replace(**changes)


def a_note(text: str, name: str = "n1", *, age: int = 0) -> Memory:
    """Return somebody's words, `age` days old."""
    at = AT - timedelta(days=age)
    return Memory(key=f"note:{name}", kind="note", text=text, by="bob", at=at)


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def memory_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[MemoryStore]:
    """Return an empty book."""
    if request.param == "fake":
        yield FakeMemory(redact=redact)
        return
    if request.param == "postgres":
        database = open_schema(request, MEMORY)
        async with SqlMemory(database, TableWords(), redact=redact) as shared:
            yield shared
        return
    async with SqliteMemory(tmp_path / "state" / "memory.sqlite3", redact=redact) as real:
        yield real


async def keys(memory_store: MemoryStore, **wanted: object) -> list[str]:
    """Return the keys of what is recalled, best first."""
    return [each.memory.key for each in await memory_store.recall(Recall.model_validate(wanted))]


async def test_what_was_remembered_comes_back_as_it_was(memory_store: MemoryStore) -> None:
    fix = a_fix(outcome="fixed", first_at=AT, times=3, text="würfel 骰子\x00 🎲 \u2028 ☂")
    await memory_store.remember(fix)
    assert await memory_store.get(fix.key) == fix
    assert await memory_store.export() == (fix,)


async def test_the_newer_text_of_a_key_counts_and_only_it_is_found(
    memory_store: MemoryStore,
) -> None:
    await memory_store.remember(a_note("the zebra is striped"))
    await memory_store.remember(a_note("the lion is yellow"))
    assert len(await memory_store.export()) == 1
    assert await keys(memory_store, text="zebra") == []
    assert await keys(memory_store, text="lion") == ["note:n1"]


async def test_what_is_forgotten_is_gone_and_again_says_so(memory_store: MemoryStore) -> None:
    await memory_store.remember(a_note("the zebra is striped"))
    assert await memory_store.forget("note:n1")
    assert not await memory_store.forget("note:n1")
    assert await memory_store.get("note:n1") is None
    assert await keys(memory_store, text="zebra striped") == []


async def test_likeness_decides_failure_then_function_then_place_then_words(
    memory_store: MemoryStore,
) -> None:
    await memory_store.remember(a_note("face of dice in the roll", "words"))
    await memory_store.remember(a_fix("event", fingerprint="x", file="y.py", function="y"))
    await memory_store.remember(a_fix("file", fingerprint="x", function="other"))
    await memory_store.remember(
        a_fix("functn", fingerprint="x", exception="KeyError", outcome="fixed")
    )
    await memory_store.remember(a_fix("except", fingerprint="x", outcome="regressed"))
    await memory_store.remember(a_fix("failed", function="moved", outcome="not_fixed"))
    found = await memory_store.recall(
        Recall(
            text="roll the dice face", event="command.roll", fingerprint="f-dice",
            exception="IndexError", file="cogs/dice.py", function="face", limit=10,
        )
    )  # fmt: skip
    assert [each.memory.key for each in found] == [
        "fix:failed", "fix:except", "fix:functn", "fix:file", "fix:event", "note:words",
    ]  # fmt: skip
    scores = [each.score for each in found]
    assert sorted(scores, reverse=True) == scores
    assert len(set(scores)) == len(scores)
    assert [each.because.partition(";")[0] for each in found] == [
        "the same failure", "the same exception in the same function", "the same function",
        "the same file", "the same action", "the words",
    ]  # fmt: skip


async def test_among_equals_what_held_comes_first_and_what_did_not_last(
    memory_store: MemoryStore,
) -> None:
    for run, outcome in (
        ("worse", "regressed"), ("again", "not_fixed"), ("unseen", None), ("held", "fixed"),
    ):  # fmt: skip
        await memory_store.remember(a_fix(run, outcome=outcome))
    found = await memory_store.recall(Recall(fingerprint="f-dice"))
    assert [each.memory.key for each in found] == [
        "fix:held", "fix:unseen", "fix:again", "fix:worse",
    ]  # fmt: skip
    assert found[0].because == "the same failure; the fix held"
    assert found[2].because == "the same failure; it did not hold: it came back"
    assert found[3].score < found[0].score


async def test_of_equals_the_newest_comes_first(memory_store: MemoryStore) -> None:
    for run, age in (("older", 2), ("newest", 0), ("old", 1)):
        await memory_store.remember(a_fix(run, age=age))
    assert await keys(memory_store, fingerprint="f-dice") == ["fix:newest", "fix:old", "fix:older"]


async def test_only_the_kinds_asked_for_and_no_more_than_asked_for(
    memory_store: MemoryStore,
) -> None:
    await memory_store.remember(a_fix())
    await memory_store.remember(a_note("dice count from 1"))
    assert await keys(memory_store, fingerprint="f-dice", text="dice", kinds=("note",)) == [
        "note:n1"
    ]
    assert await keys(memory_store, fingerprint="f-dice", text="dice", limit=1) == ["fix:aaaaaa"]


async def test_where_nothing_is_asked_the_newest_come(memory_store: MemoryStore) -> None:
    for age in (2, 0, 1):
        await memory_store.remember(a_note(f"zebra number {age}", f"n{age}", age=age))
    assert await keys(memory_store, limit=2) == ["note:n0", "note:n1"]


async def test_words_are_found_in_other_forms_and_in_every_script(
    memory_store: MemoryStore,
) -> None:
    await memory_store.remember(a_note("Rolling dice_face with FACES[0] is fine", "latin"))
    await memory_store.remember(a_note("サイコロを振ると壊れる", "cjk"))
    await memory_store.remember(a_note("ship day is 🎲 day", "emoji"))
    await memory_store.remember(a_note("Ошибка в кости", "cyrillic"))
    assert await keys(memory_store, text="why does it fail when somebody rolls") == ["note:latin"]
    assert await keys(memory_store, text="サイコロ") == ["note:cjk"]
    assert await keys(memory_store, text="🎲") == ["note:emoji"]
    assert await keys(memory_store, text="КОСТИ") == ["note:cyrillic"]


@pytest.mark.parametrize(
    "words",
    [
        '" OR 1', "dice' OR '1'='1", "zebra OR NOT lion", "zebra NEAR(lion)", "words : zebra",
        "zebra*", '"zebra', "zebra) AND (", "^zebra", "zebra\x00", "-zebra", "{words} : zebra",
        "; DROP TABLE memories; zebra", "zebra AND", "🦓 zebra 🎲", "斑馬 zebra", "\ud800 zebra",
        "zebra " * 50_000, "+" * 5_000 + " zebra", "zebra % _ \\ /",
    ],
)  # fmt: skip
async def test_hostile_words_are_only_words(memory_store: MemoryStore, words: str) -> None:
    await memory_store.remember(a_note("the zebra is striped", "zebra"))
    await memory_store.remember(a_note("quiet hours end at seven", "quiet"))
    found = await keys(memory_store, text=words)
    assert found == (["note:zebra"] if "zebra" in words else [])
    assert len(await memory_store.export()) == 2


@pytest.mark.parametrize("field", ["fingerprint", "event", "function", "file", "exception"])
async def test_hostile_places_fit_only_themselves(memory_store: MemoryStore, field: str) -> None:
    await memory_store.remember(a_fix())
    for text in ("' OR 1=1 --", "%", "*", "\x00", "\ud800"):
        assert await keys(memory_store, **{field: text}) == []


async def test_no_secret_is_kept(memory_store: MemoryStore) -> None:
    await memory_store.remember(a_note(f"the key is {SECRET}, mail ann@example.com"))
    await memory_store.remember(a_fix(approach=f"use {SECRET}", exception=f"E {SECRET}"))
    everything = " ".join(memory.model_dump_json() for memory in await memory_store.export())
    assert "a1B2a1B2" not in everything
    assert "ann@example.com" not in everything
    assert await keys(memory_store, text="a1B2a1B2") == []
