"""Rows of PostgreSQL that are read as those of SQLite are."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.rows import no_result


class PostgresRow:
    """A row by position and by name, as `sqlite3.Row`."""

    __slots__ = ("_positions", "_values")

    def __init__(self, values: Sequence[Any], positions: dict[str, int]) -> None:
        self._values = values
        self._positions = positions

    def __getitem__(self, key: Any) -> Any:
        return self._values[self._positions[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def make_rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], PostgresRow]:
    """Return what makes rows of a result with the names of its columns."""
    if cursor.description is None:
        return no_result
    positions = {column.name: place for place, column in enumerate(cursor.description)}
    return lambda values: PostgresRow(values, positions)
