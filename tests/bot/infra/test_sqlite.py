"""A database file: transactions are complete, also those of callers that were cancelled."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError, StoreError
from bot.infra.sqlite import Database
from bot.infra.sqlite_migrations import Migration

NUMBERS = (Migration("numbers", ("CREATE TABLE numbers (number INTEGER) STRICT",)),)


def make_database(folder: Path) -> Database:
    return Database(folder / "numbers.sqlite3", NUMBERS, error=StoreError)


async def list_numbers(database: Database) -> list[int]:
    return await database.read(
        lambda connection: [row[0] for row in connection.execute("SELECT number FROM numbers")]
    )


async def test_a_transaction_of_a_cancelled_caller_is_made_also_if_it_had_not_begun(
    tmp_path: Path,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def insert_slowly(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO numbers VALUES (1)")
        begun.set()
        go_on.wait(20)

    def insert(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO numbers VALUES (2)")

    async with make_database(tmp_path) as database:
        running = asyncio.create_task(database.write(insert_slowly))
        waiting = asyncio.create_task(database.write(insert))
        await asyncio.to_thread(begun.wait, 20)
        for caller in (running, waiting):
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        go_on.set()
        assert await list_numbers(database) == [1, 2]


async def test_closing_finishes_what_was_asked_for(tmp_path: Path) -> None:
    def insert(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO numbers VALUES (1)")

    database = make_database(tmp_path)
    await database.open()
    writing = asyncio.create_task(database.write(insert))
    await asyncio.sleep(0)  # so that the transaction is queued before the end
    await database.close()
    await writing
    async with make_database(tmp_path) as database:
        assert await list_numbers(database) == [1]


async def test_its_thread_ends_with_the_file_also_when_the_file_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "numbers.sqlite3").write_bytes(b"no database" * 100)
    for _ in range(3):
        with pytest.raises(ConfigError, match="cannot be used"):
            await make_database(tmp_path).open()
    left = [each for each in threading.enumerate() if each.name.startswith("sql-numbers")]
    for thread in left:
        await asyncio.to_thread(thread.join, 20)
    assert not [each for each in left if each.is_alive()]
