"""Stores the versions of every item in a file of SQLite or a schema of PostgreSQL.

A version is stored uncompressed before it goes live. That is fast, and no version is lost if the
program is killed. Compressing it and computing its diff take longer, and are done afterwards.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from bot.domain.errors import StoreError
from bot.domain.live_items import ItemVersion, Rollback
from bot.hot_reload.catalog import Key
from bot.hot_reload.content import UNCOMPRESSED, ItemContent, build_diff, unpack
from bot.infra.database import SqlConnection, SqlDatabase, SqlDatabaseOwner, SqlRow, stamp
from bot.infra.sqlite import Database
from bot.infra.sqlite_migrations import Migration
from bot.infra.table_copy import CopiedTable

LARGEST = 50 * 1024 * 1024
"""Bytes of all versions: their contents compressed, with what is told of them."""
_log = structlog.stdlib.get_logger(__name__)

MIGRATIONS = (
    Migration(
        "0001_items",
        (
            # what stood in the file when it was last looked at, and which version was live then
            """
            CREATE TABLE items (
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                version INTEGER NOT NULL,
                newest INTEGER NOT NULL,
                mark TEXT NOT NULL,
                rolled_back TEXT,
                PRIMARY KEY (kind, name)
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE versions (
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                number INTEGER NOT NULL,
                at TEXT NOT NULL,
                body TEXT NOT NULL,
                content BLOB NOT NULL,
                UNIQUE (kind, name, number)
            )
            """,
        ),
    ),
)
COPIED = (
    CopiedTable.describe("items", "kind name", "kind name version newest mark rolled_back"),
    CopiedTable.describe("versions", "kind name number", "kind name number at body content"),
)
"""What a copy of the versions contains."""


class SavedItem(NamedTuple):
    """The version of an item that was live; `mark` identifies the contents of its file then."""

    key: Key
    version: int
    newest: int
    mark: str
    rolled_back: Rollback | None = None


class NewVersion(NamedTuple):
    """A version to be stored; the repository computes its `diff`."""

    key: Key
    version: ItemVersion
    content: ItemContent


class SqlVersionRepository(SqlDatabaseOwner[SqlDatabase]):
    """The last `max_versions` versions of each item.

    A version number is never used again, not even after an item was deleted.
    """

    def __init__(self, database: SqlDatabase, *, max_versions: int = 10) -> None:
        super().__init__(database)
        self._max_versions = max_versions
        self._unfinished = True  # the previous process may have been killed before it finished
        self._one_at_a_time = asyncio.Lock()
        self._saved = asyncio.Event()

    async def run_forever(self) -> None:
        """Compress new versions as soon as they are stored, until cancelled."""
        while True:
            try:
                await self.finish()
            except StoreError as error:  # tried again with the next version, and when one is read
                _log.warning("kept versions are not compressed yet: %s", error)
            await self._saved.wait()
            self._saved.clear()

    async def finish(self) -> None:
        """Compress new versions, compute their diffs, and delete the oldest versions."""
        async with self._one_at_a_time:
            await self._finish()

    async def _finish(self) -> None:
        if not self._unfinished:
            return
        for row in await self._database.read(_list_unfinished):
            try:
                await self._database.write(partial(_finish_row, row), flushed=False)
            except ValueError as error:
                _log.warning("a kept version is damaged: %s", error)
        await self._database.write(_prune, flushed=False)
        self._unfinished = False

    async def load_items(self) -> dict[Key, SavedItem]:
        """Return what was saved of each item, also of those that are gone."""
        rows = await self._database.read(
            lambda connection: connection.execute("SELECT * FROM items").fetchall()
        )
        return {(row["kind"], row["name"]): _build_saved_item(row) for row in rows}

    async def list_versions(self, key: Key) -> tuple[ItemVersion, ...]:
        """Return the stored versions of an item, newest first."""
        await self.finish()
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT body FROM versions WHERE kind = ? AND name = ? ORDER BY number DESC", key
            ).fetchall()
        )
        return tuple(ItemVersion.model_validate_json(row["body"]) for row in rows)

    async def get_content(self, key: Key, number: int) -> ItemContent | None:
        """Return the content of a version, or `None` if it is not stored.

        Raises `StoreError` if it is damaged.
        """
        row = await self._database.read(
            lambda connection: connection.execute(
                "SELECT body, content FROM versions WHERE kind = ? AND name = ? AND number = ?",
                (*key, number),
            ).fetchone()
        )
        if row is None:
            return None
        try:
            content = unpack(row["content"])
        except ValueError as error:
            raise StoreError(f"version {number} of {key[0]} {key[1]}: {error}") from error
        if content.digest != ItemVersion.model_validate_json(row["body"]).digest:
            raise StoreError(f"version {number} of {key[0]} {key[1]} is not what was kept")
        return content

    async def save(self, items: Sequence[SavedItem], new: Sequence[NewVersion] = ()) -> None:
        """Keep all of it in one transaction. What is new is finished later."""

        def work(connection: SqlConnection) -> None:
            for each in new:
                _insert(connection, each)
                oldest = each.version.number - self._max_versions
                _drop_until(connection, each.key, oldest)
            for item in items:
                _put(connection, item)

        async with self._one_at_a_time:
            if new:
                await self._finish()  # so that each finds the version before it
            await self._database.write(work, flushed=False)
            self._unfinished = self._unfinished or bool(new)
        self._saved.set()


class VersionRepository(SqlVersionRepository):
    """The versions in a file of SQLite."""

    def __init__(self, path: Path, *, max_versions: int = 10) -> None:
        super().__init__(Database(path, MIGRATIONS, error=StoreError), max_versions=max_versions)


def _build_saved_item(row: SqlRow) -> SavedItem:
    rollback = row["rolled_back"]
    back = Rollback.model_validate_json(rollback) if rollback else None
    return SavedItem((row["kind"], row["name"]), row["version"], row["newest"], row["mark"], back)


def _put(connection: SqlConnection, item: SavedItem) -> None:
    back = item.rolled_back.model_dump_json() if item.rolled_back is not None else None
    connection.execute(
        "INSERT INTO items (kind, name, version, newest, mark, rolled_back)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET"
        " version = excluded.version, newest = excluded.newest, mark = excluded.mark,"
        " rolled_back = excluded.rolled_back",
        (*item.key, item.version, item.newest, item.mark, back),
    )


def _insert(connection: SqlConnection, new: NewVersion) -> None:
    version = new.version
    connection.execute(
        "INSERT INTO versions (kind, name, number, at, body, content) VALUES (?, ?, ?, ?, ?, ?)",
        (
            *new.key,
            version.number,
            stamp(version.at),
            version.model_dump_json(),
            new.content.pack(compressed=False),
        ),
    )


def _drop_until(connection: SqlConnection, key: Key, number: int) -> None:
    statement = "DELETE FROM versions WHERE kind = ? AND name = ? AND number <= ?"
    connection.execute(statement, (*key, number))


def _list_unfinished(connection: SqlConnection) -> list[int]:
    found = connection.execute(
        "SELECT rowid FROM versions WHERE substr(content, 1, 2) = ? ORDER BY number",
        (UNCOMPRESSED,),
    )
    return [row["rowid"] for row in found.fetchall()]


def _finish_row(rowid: int, connection: SqlConnection) -> None:
    """Compress a version and compute its diff. Raises `ValueError` if it is damaged."""
    row = connection.execute("SELECT * FROM versions WHERE rowid = ?", (rowid,)).fetchone()
    if row is None:
        return
    before = connection.execute(
        "SELECT content FROM versions WHERE kind = ? AND name = ? AND number < ?"
        " ORDER BY number DESC LIMIT 1",
        (row["kind"], row["name"], row["number"]),
    ).fetchone()
    content, version = unpack(row["content"]), ItemVersion.model_validate_json(row["body"])
    diff = build_diff(unpack(before["content"]) if before is not None else None, content)
    connection.execute(
        "UPDATE versions SET body = ?, content = ? WHERE rowid = ?",
        (version.replace(diff=diff).model_dump_json(), content.pack(), rowid),
    )


def _prune(connection: SqlConnection) -> None:
    """Forget the oldest versions that are not live, until all fit."""
    total = (
        connection.execute("SELECT SUM(LENGTH(content) + LENGTH(body)) FROM versions").fetchone()[0]
        or 0
    )
    rows = connection.execute(
        "SELECT v.rowid, LENGTH(v.content) + LENGTH(v.body) AS size FROM versions v"
        " JOIN items i USING (kind, name)"
        " WHERE v.number <> i.version ORDER BY v.at, v.number"
    )
    for row in rows.fetchall() if total > LARGEST else ():
        connection.execute("DELETE FROM versions WHERE rowid = ?", (row["rowid"],))
        total -= row["size"]
        if total <= LARGEST:
            break
