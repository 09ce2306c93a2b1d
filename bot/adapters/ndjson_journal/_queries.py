"""Questions to the index, answered with records read from the day files."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from bot.adapters.ndjson_journal._index import microseconds
from bot.adapters.ndjson_journal._line import parse
from bot.domain.ids import short_id
from bot.domain.journal import Action, FailureGroup, JournalQuery

_PLACES = "SELECT name, start, length, id FROM records JOIN files ON file = number"
_NEWEST_FIRST = "ORDER BY ts DESC, file DESC, start DESC LIMIT ?"
_SHOWN_IDS = 20


def matching(connection: sqlite3.Connection, folder: Path, query: JournalQuery) -> list[Action]:
    """Return the newest matching records, oldest first."""
    conditions: list[tuple[str, object]] = [
        ("event = ?", query.event),
        ("fingerprint = ?", query.fingerprint),
        ("outcome = ?", query.outcome and query.outcome.value),
        ("channel_id = ?", query.channel_id),
        ("ts >= ?", query.since and microseconds(query.since)),
        ("ts <= ?", query.until and microseconds(query.until)),
    ]
    asked = [(condition, value) for condition, value in conditions if value is not None]
    where = " AND ".join(condition for condition, _ in asked) or "1"
    rows = connection.execute(
        f"{_PLACES} WHERE {where} {_NEWEST_FIRST}", (*(value for _, value in asked), query.limit)
    ).fetchall()
    return _load(folder, reversed(rows))


def one(connection: sqlite3.Connection, folder: Path, record_id: str) -> Action | None:
    """Return the record with that full or short id; the newest if a short id is shared."""
    wanted = record_id.strip().lower()
    rows = connection.execute(
        f"{_PLACES} WHERE short = ? {_NEWEST_FIRST}", (short_id(wanted), 100)
    ).fetchall()
    found = [row for row in rows if wanted in (row["id"], short_id(row["id"]))]
    return next(iter(_load(folder, found[:1])), None)


def failures(
    connection: sqlite3.Connection, folder: Path, since: datetime, limit: int
) -> list[FailureGroup]:
    """Return failures since then by fingerprint, the most recent group first."""
    groups = connection.execute(
        "SELECT fingerprint, count(*) AS count, min(ts) AS first, max(ts) AS last FROM records"
        " WHERE fingerprint IS NOT NULL AND ts >= ? GROUP BY fingerprint"
        " ORDER BY last DESC LIMIT ?",
        (microseconds(since), limit),
    ).fetchall()
    return [group for row in groups if (group := _group(connection, folder, since, row))]


def _group(
    connection: sqlite3.Connection, folder: Path, since: datetime, row: sqlite3.Row
) -> FailureGroup | None:
    places = connection.execute(
        f"{_PLACES} WHERE fingerprint = ? AND ts >= ? {_NEWEST_FIRST}",
        (row["fingerprint"], microseconds(since), _SHOWN_IDS),
    ).fetchall()
    first = connection.execute(
        f"{_PLACES} WHERE fingerprint = ? AND ts = ? ORDER BY file, start LIMIT 1",
        (row["fingerprint"], row["first"]),
    ).fetchall()
    ends = _load(folder, [*first, places[0]])
    if not ends:
        return None
    return FailureGroup(
        fingerprint=row["fingerprint"],
        event=ends[-1].event,
        count=row["count"],
        first_seen=ends[0].ts,
        last_seen=ends[-1].ts,
        newest=ends[-1],
        action_ids=tuple(place["id"] for place in places),
    )


def _load(folder: Path, rows: Iterable[sqlite3.Row]) -> list[Action]:
    """Read records from their files; one that is gone since it was indexed is left out."""
    opened: dict[str, int] = {}
    actions = []
    with ExitStack() as stack:
        for row in rows:
            name = row["name"]
            try:
                if name not in opened:
                    opened[name] = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
                    stack.callback(os.close, opened[name])
                action = parse(os.pread(opened[name], row["length"], row["start"]))
            except (OSError, ValueError):
                continue
            if action.id == row["id"]:
                actions.append(action)
    return actions
