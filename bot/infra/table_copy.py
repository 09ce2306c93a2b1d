"""Copies tables between two databases, row by row, and compares what has arrived."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from bot.domain.errors import StoreError
from bot.infra.database import SqlConnection

_CHUNK = 1_000  # rows read at once


class CopiedTable(NamedTuple):
    """A table: the columns that identify and order its rows, and all that are copied."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def describe(cls, name: str, key: str, columns: str) -> Self:
        """Return the table; the names are separated by spaces."""
        return cls(name, tuple(key.split()), tuple(columns.split()))


def copy_tables(
    source: SqlConnection, target: SqlConnection, tables: Sequence[CopiedTable]
) -> Mapping[str, int]:
    """Copy every table within two transactions; return the number of rows of each.

    The tables are in the order in which rows refer to each other. Raises `StoreError` if the target
    is not empty, or has other rows afterwards.
    """
    for table in tables:
        if target.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is not None:  # noqa: S608
            raise StoreError(
                f"The state to copy to is not empty: {table.name} has rows. Name an empty database."
            )
    return {table.name: _copy_table(source, target, table) for table in tables}


def _copy_table(source: SqlConnection, target: SqlConnection, table: CopiedTable) -> int:
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608
    copied = _RowDigest()
    for row in _iterate_rows(source, table):
        if any(isinstance(value, str) and "\0" in value for value in row):
            raise StoreError(
                f"A row of {table.name} contains a NUL character, which PostgreSQL cannot store: "
                f"{row[0]!r}. Nothing was copied."
            )
        target.execute(insert, row)
        copied.add(row)
    arrived = _RowDigest()
    for row in _iterate_rows(target, table):
        arrived.add(row)
    if (copied.count, copied.text) != (arrived.count, arrived.text):
        raise StoreError(
            f"{table.name} differs after the copy ({copied.count} and {arrived.count} rows). "
            "Nothing was copied."
        )
    return copied.count


def _iterate_rows(connection: SqlConnection, table: CopiedTable) -> Iterator[tuple[object, ...]]:
    """Yield the values of all rows, in order, reading some at a time."""
    key, size = ", ".join(table.key), len(table.key)
    marks = ", ".join("?" * size)
    select = f"SELECT {key}, {', '.join(table.columns)} FROM {table.name}"  # noqa: S608
    where, last = "", tuple[object, ...]()
    while True:
        rows = connection.execute(
            f"{select} {where} ORDER BY {key} LIMIT ?", (*last, _CHUNK)
        ).fetchall()
        for row in rows:
            yield tuple(row)[size:]
        if len(rows) < _CHUNK:
            return
        where, last = f"WHERE ({key}) > ({marks})", tuple(rows[-1])[:size]


class _RowDigest:
    """Counts rows, and computes one hash of all their values."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, row: tuple[object, ...]) -> None:
        """Take the next row."""
        self.count += 1
        self._hash.update(json.dumps(row, default=bytes.hex).encode() + b"\n")

    @property
    def text(self) -> str:
        """The hash of all rows until now."""
        return self._hash.hexdigest()
