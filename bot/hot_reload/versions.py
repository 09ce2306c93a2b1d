"""The kept versions of every item, in a SQLite file of their own."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import StoreError
from bot.domain.live_items import ItemVersion, Rollback
from bot.hot_reload.catalog import Key
from bot.hot_reload.content import ItemContent, unpack
from bot.infra.sqlite import Database, DatabaseOwner, Migration, stamp

KEPT = 10
"""Versions of one item."""
LARGEST = 50 * 1024 * 1024
"""Bytes of all versions: their contents compressed, with what is told of them."""

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


class SavedItem(NamedTuple):
    """Which version of an item was live. `mark` tells the file of that time from others."""

    key: Key
    version: int
    newest: int
    mark: str
    rolled_back: Rollback | None = None


class NewVersion(NamedTuple):
    """A version to be kept."""

    key: Key
    version: ItemVersion
    content: ItemContent


class VersionRepository(DatabaseOwner):
    """The last ten versions of each item. Numbers go on where they were, also after a deletion."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path, MIGRATIONS, error=StoreError))

    async def items(self) -> dict[Key, SavedItem]:
        """Return what was saved of each item, also of those that are gone."""
        rows = await self._database.read(
            lambda connection: connection.execute("SELECT * FROM items").fetchall()
        )
        return {(row["kind"], row["name"]): _saved(row) for row in rows}

    async def versions(self, key: Key) -> tuple[ItemVersion, ...]:
        """Return an item's kept versions, the newest first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT body FROM versions WHERE kind = ? AND name = ? ORDER BY number DESC", key
            ).fetchall()
        )
        return tuple(ItemVersion.model_validate_json(row["body"]) for row in rows)

    async def content(self, key: Key, number: int) -> ItemContent | None:
        """Return what a version holds; `None`: it is not kept. Raises `StoreError` if damaged."""
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
        """Keep all of it in one transaction, and forget what is beyond the bounds."""

        def work(connection: sqlite3.Connection) -> None:
            for each in new:
                _insert(connection, each)
            for item in items:
                _put(connection, item)
            if new:
                _bound(connection)

        await self._database.write(work, flushed=False)


def _saved(row: sqlite3.Row) -> SavedItem:
    told = row["rolled_back"]
    back = Rollback.model_validate_json(told) if told else None
    return SavedItem((row["kind"], row["name"]), row["version"], row["newest"], row["mark"], back)


def _put(connection: sqlite3.Connection, item: SavedItem) -> None:
    back = item.rolled_back.model_dump_json() if item.rolled_back is not None else None
    connection.execute(
        "INSERT OR REPLACE INTO items (kind, name, version, newest, mark, rolled_back)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (*item.key, item.version, item.newest, item.mark, back),
    )


def _insert(connection: sqlite3.Connection, new: NewVersion) -> None:
    version = new.version
    connection.execute(
        "INSERT INTO versions (kind, name, number, at, body, content) VALUES (?, ?, ?, ?, ?, ?)",
        (
            *new.key,
            version.number,
            stamp(version.at),
            version.model_dump_json(),
            new.content.pack(),
        ),
    )
    connection.execute(
        "DELETE FROM versions WHERE kind = ? AND name = ? AND number <= ?",
        (*new.key, version.number - KEPT),
    )


def _bound(connection: sqlite3.Connection) -> None:
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
