"""Reads facts about a database for the manifest, and checks its integrity."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bot.domain.audit import AuditHead
from bot.infra.sqlite_copy import open_connection


class DatabaseFacts(NamedTuple):
    """Its migrations, oldest first, the row counts of its tables, and the end of its audit log."""

    migrations: tuple[str, ...]
    rows: dict[str, int]
    audit: AuditHead | None


def read_facts(file: Path) -> DatabaseFacts:
    """Return the facts about a database. Raises `sqlite3.Error`."""
    with contextlib.closing(open_connection(file)) as connection:
        rows = dict(_count_rows(connection))
        return DatabaseFacts(
            _list_migrations(connection, rows), rows, _read_audit_head(connection, rows)
        )


def find_trouble(file: Path, *, thorough: bool) -> str:
    """Return the problem that SQLite finds in a database, or "".

    With `thorough` it also compares the indexes with their tables.
    """
    check = "integrity_check" if thorough else "quick_check"
    try:
        with contextlib.closing(open_connection(file)) as connection:
            result = str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if result == "ok" else " ".join(result.split())


def _count_rows(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield tables with their row counts, except those that only a cog's own SQLite can read."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        if str(name).startswith("sqlite_"):
            continue  # SQLite's own
        quoted = str(name).replace('"', '""')
        with contextlib.suppress(sqlite3.OperationalError):
            cursor = connection.execute(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608
            yield str(name), int(cursor.fetchone()[0])


def _list_migrations(connection: sqlite3.Connection, rows: dict[str, int]) -> tuple[str, ...]:
    if "schema_migrations" not in rows:
        return ()
    try:
        rows_found = connection.execute(
            "SELECT name FROM schema_migrations ORDER BY number"
        ).fetchall()
    except sqlite3.OperationalError:
        return ()  # another table with that name
    return tuple(str(name) for (name,) in rows_found)


def _read_audit_head(connection: sqlite3.Connection, rows: dict[str, int]) -> AuditHead | None:
    if "audit_log" not in rows:
        return None
    try:
        last = connection.execute(
            "SELECT number, hash FROM audit_log ORDER BY number DESC LIMIT 1"
        ).fetchone()
    except sqlite3.OperationalError:
        return None
    return AuditHead(number=last[0], hash=last[1]) if last else None
