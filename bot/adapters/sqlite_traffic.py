"""Recorded traffic in a database of its own: a file that only the owner can read, or a schema.

It is a database and not another NDJSON file, because each new record decides again which records
of an event stay. With lines this would mean rewriting the file.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.errors import ConfigError, StoreError
from bot.domain.ids import shorten_id
from bot.domain.personal_data import DataSubject
from bot.domain.traffic import TrafficBounds, TrafficRecord
from bot.infra.database import SqlConnection, SqlDatabase, SqlDatabaseOwner, stamp
from bot.infra.sqlite import Database
from bot.infra.sqlite_migrations import Migration
from bot.infra.table_copy import CopiedTable

Redact = Callable[[str], str]

# Fields that never contain text by people.
_OURS = frozenset({"answer", "commit", "fingerprint", "id", "permissions", "pseudonyms"})
_REMEMBERED = 2_048  # texts; the same texts are redacted again and again

_OF_PERSON = "instr(body, ?1) > 0 OR instr(body, ?2) > 0"

MIGRATIONS = (
    Migration(
        "0001_traffic",
        (
            """
            CREATE TABLE traffic (
                id TEXT PRIMARY KEY,
                short TEXT NOT NULL,
                at TEXT NOT NULL,
                event TEXT NOT NULL,
                ok INTEGER NOT NULL,
                form TEXT NOT NULL,
                variety TEXT NOT NULL,
                body TEXT NOT NULL
            ) WITHOUT ROWID
            """,
            "CREATE INDEX traffic_by_event ON traffic (event, ok, at)",
            "CREATE INDEX traffic_by_time ON traffic (at)",
            "CREATE INDEX traffic_by_short ON traffic (short)",
        ),
    ),
)

COPIED = (CopiedTable.describe("traffic", "id", "id short at event ok form variety body"),)
"""What a copy of the traffic contains."""

_INSERT = """
INSERT INTO traffic (id, short, at, event, ok, form, variety, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET short = excluded.short, at = excluded.at, event = excluded.event,
    ok = excluded.ok, form = excluded.form, variety = excluded.variety, body = excluded.body
"""
# Records with the most newer duplicates are removed first, then those of the most common form; the
# newest stay.
_LEAST = """
DELETE FROM traffic WHERE id IN (
    SELECT id FROM (
        SELECT id, at,
            row_number() OVER (ORDER BY at DESC, id DESC) AS age,
            row_number() OVER (PARTITION BY variety ORDER BY at DESC, id DESC) AS equals,
            row_number() OVER (PARTITION BY form ORDER BY at DESC, id DESC) AS alike
        FROM traffic WHERE event = ?1 AND ok = ?2
    ) AS numbered WHERE age > ?3 ORDER BY equals DESC, alike DESC, at, id LIMIT ?4
)
"""


class SqlTraffic(SqlDatabaseOwner[SqlDatabase]):
    """Implements `bot.ports.traffic.TrafficLog` on a database. Open it before use.

    `redact` removes secrets from every text before it is written. A power cut may lose the last
    records; a killed process loses none.
    """

    def __init__(
        self, database: SqlDatabase, *, redact: Redact, bounds: TrafficBounds | None = None
    ) -> None:
        super().__init__(database)
        self._redact = functools.lru_cache(maxsize=_REMEMBERED)(redact)
        self._bounds = bounds or TrafficBounds()

    async def record(self, records: Sequence[TrafficRecord]) -> None:
        """Store all of them or none, and remove old records to make room."""

        def work(connection: SqlConnection) -> None:
            for record in records:
                row = _build_row(_clean(record, self._redact))
                connection.execute(_INSERT, row)
            for event, ok in {(item.event, item.ok) for item in records}:
                _make_room(connection, event, ok, self._bounds)

        await self._database.write(work, flushed=False)

    async def get(self, record_id: str) -> TrafficRecord | None:
        """Return the record with that full or short id, or `None`."""
        wanted_id = record_id.strip().lower()
        matches = await self._read(
            "WHERE id = ?1 OR short = ?1 ORDER BY at DESC LIMIT 1", wanted_id
        )
        return matches[0] if matches else None

    async def list_recent(self, event: str, *, limit: int = 100) -> Sequence[TrafficRecord]:
        """Return the newest records of an event, oldest first."""
        where = "WHERE event = ?1 ORDER BY at DESC, id DESC LIMIT ?2"
        return (await self._read(where, event, limit))[::-1]

    async def list_since(self, at: datetime, *, limit: int = 1_000) -> Sequence[TrafficRecord]:
        """Return the newest records since a time, oldest first."""
        where = "WHERE at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2"
        return (await self._read(where, stamp(at), limit))[::-1]

    async def forget(self, before: datetime) -> int:
        """Remove records older than that; return their number."""

        def work(connection: SqlConnection) -> int:
            deleted = connection.execute("DELETE FROM traffic WHERE at < ?", (stamp(before),))
            return deleted.rowcount

        return await self._database.write(work)

    async def count_records(self, subject: DataSubject) -> int:
        """Return the number of records about a person."""
        query = f"SELECT count(*) FROM traffic WHERE {_OF_PERSON}"  # noqa: S608 constants only
        row = await self._database.read(
            lambda connection: connection.execute(query, subject.marks).fetchone()
        )
        return int(row[0])

    async def erase(self, subject: DataSubject) -> int:
        """Remove the records about a person; `purge` removes their traces."""

        def work(connection: SqlConnection) -> int:
            query = f"DELETE FROM traffic WHERE {_OF_PERSON}"  # noqa: S608 constants only
            return connection.execute(query, subject.marks).rowcount

        return await self._database.write(work)

    async def _read(self, where: str, *values: object) -> list[TrafficRecord]:
        query = f"SELECT body FROM traffic {where}"  # noqa: S608 constants only
        rows = await self._database.read(
            lambda connection: connection.execute(query, values).fetchall()
        )
        return list(_iterate_records(row["body"] for row in rows))


class SqliteTraffic(SqlTraffic):
    """The traffic log in a file of SQLite, which only the owner can read."""

    def __init__(self, path: Path, *, redact: Redact, bounds: TrafficBounds | None = None) -> None:
        database = Database(path, MIGRATIONS, error=StoreError, synchronous="NORMAL")
        super().__init__(database, redact=redact, bounds=bounds)

    async def open(self) -> None:
        """Open the file. Raises `ConfigError`."""
        _restrict_to_owner(self._database.path)
        await super().open()


def _clean(record: TrafficRecord, redact: Redact) -> TrafficRecord:
    """Return the record without secrets; usually it is unchanged."""
    fields = record.model_dump()
    clean = _redact_value(fields, redact)
    return record if clean == fields else TrafficRecord.model_validate(clean)


def _redact_value(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {
            redact(name): inner if name in _OURS else _redact_value(inner, redact)
            for name, inner in value.items()
        }
    if isinstance(value, tuple):
        return tuple(_redact_value(item, redact) for item in value)
    return value


def _build_row(record: TrafficRecord) -> tuple[object, ...]:
    return (
        record.id,
        shorten_id(record.id),
        stamp(record.at),
        record.event,
        int(record.ok),
        record.form,
        record.variety,
        record.model_dump_json(exclude_defaults=True),
    )


def _iterate_records(bodies: Iterable[str]) -> Iterable[TrafficRecord]:
    """Yield the records; those in another version's format are skipped.

    Older versions recorded the text of direct messages. These are skipped until they expire.
    """
    for body in bodies:
        with contextlib.suppress(ValidationError):
            record = TrafficRecord.model_validate_json(body)
            if record.audience is not None or record.place != "dm":
                yield record


def _make_room(connection: SqlConnection, event: str, ok: bool, bounds: TrafficBounds) -> None:
    maximum = bounds.successes if ok else bounds.failures
    count = connection.execute(
        "SELECT count(*) FROM traffic WHERE event = ? AND ok = ?", (event, int(ok))
    )
    spare = count.fetchone()[0] - maximum
    if spare > 0:
        newest = min(bounds.newest if ok else 1, maximum)
        connection.execute(_LEAST, (event, int(ok), newest, spare))


def _restrict_to_owner(path: Path) -> None:
    """Create the file before SQLite does, so that SQLite's side files get the same permissions."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise ConfigError(
            f"I cannot create {path}, or make it private ({error.strerror}). "
            "Set THESEUS_STATE to a folder Theseus may write to."
        ) from error
