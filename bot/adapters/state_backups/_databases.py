"""What is told of a database in a backup, and whether it is whole."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bot.domain.audit import AuditHead
from bot.infra.sqlite_copy import open_connection


class DatabaseFacts(NamedTuple):
    """Its migrations, oldest first, the rows of its tables, and where its audit log ends."""

    migrations: tuple[str, ...]
    rows: dict[str, int]
    audit: AuditHead | None


def read_facts(file: Path) -> DatabaseFacts:
    """Return what there is to tell of a database. Raises `sqlite3.Error`."""
    with contextlib.closing(open_connection(file)) as connection:
        rows = dict(_count_rows(connection))
        return DatabaseFacts(
            _list_migrations(connection, rows), rows, _read_audit_head(connection, rows)
        )


def find_trouble(file: Path, *, thorough: bool) -> str:
    """Return what SQLite finds wrong with a database, `""` where that is nothing.

    `thorough` compares the indexes with their tables as well.
    """
    check = "integrity_check" if thorough else "quick_check"
    try:
        with contextlib.closing(open_connection(file)) as connection:
            told = str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if told == "ok" else " ".join(told.split())


def _count_rows(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield tables with their rows; one that only a cog's own SQLite can read has none told."""
    listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in listed:
        if str(name).startswith("sqlite_"):
            continue  # SQLite's own
        quoted = str(name).replace('"', '""')
        with contextlib.suppress(sqlite3.OperationalError):
            counted = connection.execute(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608
            yield str(name), int(counted.fetchone()[0])


def _list_migrations(connection: sqlite3.Connection, rows: dict[str, int]) -> tuple[str, ...]:
    if "schema_migrations" not in rows:
        return ()
    try:
        found = connection.execute("SELECT name FROM schema_migrations ORDER BY number").fetchall()
    except sqlite3.OperationalError:
        return ()  # somebody else's table of that name
    return tuple(str(name) for (name,) in found)


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
