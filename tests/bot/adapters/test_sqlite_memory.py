"""Memories in SQLite: limits, search, and damaged files."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite_memory import SqliteMemory
from bot.domain.errors import ConfigError, StoreError
from bot.domain.memory import Memory, MemoryKind, Recall
from bot.infra.database import SqlConnection

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)


def a_memory(kind: MemoryKind, number: int, text: str = "dice") -> Memory:
    """Return the `number`th memory of its kind; the higher, the newer."""
    at = AT + timedelta(days=number)
    return Memory(key=f"{kind}:{number}", kind=kind, text=text, fingerprint=f"f{number}", at=at)


def unredacted(text: str) -> str:
    return text


def memory_store_at(folder: Path, most: int = 100) -> SqliteMemory:
    return SqliteMemory(folder / "memory.sqlite3", redact=unredacted, max_memories=most)


async def keys(memory_store: SqliteMemory) -> list[str]:
    return [memory.key for memory in await memory_store.export()]


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with memory_store_at(tmp_path) as first:
        await first.remember(a_memory("note", 1))
    async with memory_store_at(tmp_path) as second:
        assert await keys(second) == ["note:1"]
        assert len(await second.recall(Recall(text="dice"))) == 1


async def test_where_it_is_full_the_faults_longest_not_seen_go_first(tmp_path: Path) -> None:
    async with memory_store_at(tmp_path, most=5) as memory_store:
        for kind in ("lesson", "fix", "note"):
            await memory_store.remember(a_memory(kind, 0))
        for number in (2, 1, 3, 4):
            await memory_store.remember(a_memory("fault", number))
        assert await keys(memory_store) == ["lesson:0", "fix:0", "note:0", "fault:3", "fault:4"]
        await memory_store.remember(a_memory("fault", 3).replace(at=AT + timedelta(days=9)))
        await memory_store.remember(a_memory("fault", 5))
        assert [key for key in await keys(memory_store) if "fault" in key] == ["fault:5", "fault:3"]


async def test_lessons_go_after_faults_and_notes_and_fixes_never(tmp_path: Path) -> None:
    async with memory_store_at(tmp_path, most=3) as memory_store:
        await memory_store.remember(a_memory("lesson", 1))
        await memory_store.remember(a_memory("fix", 2))
        await memory_store.remember(a_memory("note", 3))
        await memory_store.remember(a_memory("note", 4))
        assert await keys(memory_store) == ["fix:2", "note:3", "note:4"]
        with pytest.raises(StoreError, match=r"memory is full \(3 memories.*Remove some"):
            await memory_store.remember(a_memory("note", 5))
        await memory_store.remember(a_memory("note", 4, "changed"))
        assert await keys(memory_store) == ["fix:2", "note:3", "note:4"]


async def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    async with memory_store_at(tmp_path) as memory_store:
        for number in range(50):
            await memory_store.remember(a_memory("note", number, "zebra " * 100))
    file = tmp_path / "memory.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    with pytest.raises(ConfigError, match=r"memory\.sqlite3 cannot be used.*move it away"):
        await memory_store_at(tmp_path).open()
    file.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(ConfigError, match=r"memory\.sqlite3 cannot be used"):
        await memory_store_at(tmp_path).open()


async def test_a_memory_of_another_version_is_named(tmp_path: Path) -> None:
    async with memory_store_at(tmp_path) as memory_store:
        await memory_store.remember(a_memory("note", 1))
        with sqlite3.connect(tmp_path / "memory.sqlite3") as other:
            other.execute("""UPDATE memories SET body = '{"kind": "dream"}'""")
        other.close()
        with pytest.raises(StoreError, match="cannot read the memory note:1"):
            await memory_store.get("note:1")


async def test_every_question_is_answered_from_an_index(tmp_path: Path) -> None:
    plans: list[str] = []
    asked: list[str] = []
    async with memory_store_at(tmp_path) as memory_store:
        await memory_store.remember(a_memory("note", 1))
        everywhere = Recall(
            text="dice", event="e", fingerprint="f", exception="x", file="y", function="z"
        )

        def listen(connection: SqlConnection) -> None:
            assert isinstance(connection, sqlite3.Connection)
            connection.set_trace_callback(asked.append)

        await memory_store._database.read(listen)
        await memory_store.recall(everywhere)
        await memory_store.recall(Recall())
        await memory_store.get("note:1")

        def explain(connection: SqlConnection) -> None:
            assert isinstance(connection, sqlite3.Connection)
            connection.set_trace_callback(None)
            for sql in {each for each in asked if each.startswith("SELECT")}:
                rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
                plans.extend(f"{row['detail']}" for row in rows)

        await memory_store._database.read(explain)
    assert len(plans) >= 7
    indexed = ("VIRTUAL TABLE INDEX", "(subquery")  # the latter has a limit of its own
    full = [plan for plan in plans if "SCAN" in plan and not any(i in plan for i in indexed)]
    assert full == []
    assert [plan for plan in plans if "TEMP B-TREE" in plan] == []


async def test_words_that_stand_everywhere_do_not_hide_the_rare_one(tmp_path: Path) -> None:
    async with memory_store_at(tmp_path, most=10_000) as memory_store:
        await memory_store.remember(a_memory("note", 0, "the dice and a zebra"))

        def traffic(connection: SqlConnection) -> None:
            for number in range(1, 6_000):
                connection.execute(
                    "INSERT INTO memory_words (rowid, words, kind) VALUES (?, 'dice', 'fault')",
                    (number + 10,),
                )

        await memory_store._database.write(traffic)
        [found] = await memory_store.recall(Recall(text="dice zebra"))
        assert found.memory.key == "note:0"
