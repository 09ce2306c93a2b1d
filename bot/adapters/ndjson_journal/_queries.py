"""Runs queries on the index, and loads the records from the day files.

Lines that are not indexed yet are searched in the files, so that results are always complete.
"""

import heapq
import os
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from bot.adapters.ndjson_journal._files import PORTIONS, Portions
from bot.adapters.ndjson_journal._index import Columns, to_microseconds
from bot.adapters.ndjson_journal._index_gaps import (
    FOREVER,
    RecordPosition,
    find_gaps,
    search,
    search_id,
)
from bot.adapters.ndjson_journal._line import parse
from bot.domain.ids import parse_timestamp_ms, shorten_id
from bot.domain.journal import FAILED, Action, ActionOutcome, FailureGroup, JournalQuery

_PLACES = "SELECT ts, name, start, length, id FROM records JOIN files ON file = number"
_NEWEST_FIRST = "ORDER BY ts DESC, file DESC, start DESC LIMIT ?"
_FAILED = ", ".join(f"'{outcome.value}'" for outcome in sorted(FAILED))
_MAX_LISTED_IDS = 20
_SHARED = 1_000  # records of one millisecond, or with one short id, that are compared


def find_matching(
    connection: sqlite3.Connection,
    folder: Path,
    query: JournalQuery,
    portions: Portions = PORTIONS,
) -> list[Action]:
    """Return the newest matching records, oldest first."""
    conditions: list[tuple[str, object]] = [
        ("event = ?", query.event),
        ("event >= ?", query.kind and f"{query.kind}."),
        ("event < ?", query.kind and f"{query.kind}/"),  # "/" is the character after "."
        ("fingerprint = ?", query.fingerprint),
        ("outcome = ?", query.outcome and query.outcome.value),
        ("channel_id = ?", query.channel_id),
        ("ts >= ?", query.since and to_microseconds(query.since)),
        ("ts <= ?", query.until and to_microseconds(query.until)),
    ]
    used = [(condition, value) for condition, value in conditions if value is not None]
    where = " AND ".join(condition for condition, _ in used) or "1"
    if query.failed:
        where += f" AND outcome IN ({_FAILED}) AND outcome <> 'ok'"
    if query.outcome not in (None, ActionOutcome.OK):
        where += " AND outcome <> 'ok'"  # lets SQLite use the partial index of these
    newest = _list_positions(
        connection, f"WHERE {where} {_NEWEST_FIRST}", *(value for _, value in used), query.limit
    )
    heapq.heapify(newest)
    outcome = query.outcome and query.outcome.value
    values = (query.fingerprint, query.event, query.channel_id, outcome)
    hits = search(
        find_gaps(connection, folder, query.since, query.until, portions),
        [value for value in values if value is not None],
        lambda ts: len(newest) >= query.limit and newest[0].ts >= ts,
        portions,
    )
    for hit in hits:
        if _is_match(hit.columns, query):
            _keep(newest, hit.place, query.limit)
    return _load(folder, sorted(newest))


def find_one(
    connection: sqlite3.Connection,
    folder: Path,
    record_id: str,
    portions: Portions = PORTIONS,
) -> Action | None:
    """Return the record with that full or short id; the newest if several share a short id."""
    wanted_id = record_id.strip().lower()
    if not wanted_id:
        return None
    short = shorten_id(wanted_id)
    position = _find_by_id(connection, wanted_id, "short = ? AND fingerprint IS NOT NULL", short)
    if position is None and (timestamp := parse_timestamp_ms(wanted_id)):
        position = _find_by_id(
            connection, wanted_id, "ts BETWEEN ? AND ?", timestamp * 1000, timestamp * 1000 + 999
        )
    if position is None:
        position = search_id(find_gaps(connection, folder), wanted_id, portions)
    if position is None:
        position = _find_by_id(connection, wanted_id, "short = ?", short)  # among all records
    return None if position is None else next(iter(_load(folder, [position])), None)


def _find_by_id(
    connection: sqlite3.Connection, record_id: str, where: str, *values: object
) -> RecordPosition | None:
    positions = _list_positions(connection, f"WHERE {where} {_NEWEST_FIRST}", *values, _SHARED)
    return next(
        (position for position in positions if record_id in (position.id, shorten_id(position.id))),
        None,
    )


def list_failures(
    connection: sqlite3.Connection,
    folder: Path,
    since: datetime,
    limit: int,
    portions: Portions = PORTIONS,
) -> list[FailureGroup]:
    """Return failures since then by fingerprint, the most recent group first."""
    earliest = to_microseconds(since)
    parts = find_gaps(connection, folder, since, portions=portions)
    counted = connection.execute(
        "SELECT fingerprint, count(*), min(ts), max(ts) FROM records"
        " WHERE fingerprint IS NOT NULL AND ts >= ? GROUP BY fingerprint"
        " ORDER BY max(ts) DESC LIMIT ?",
        (earliest, -1 if parts else limit),
    )
    groups = {row[0]: _Group(*row) for row in counted.fetchall()}
    for position, row in search(parts, ["fingerprint"], lambda ts: ts < earliest, portions):
        if row.fingerprint is not None and row.ts >= earliest:
            groups.setdefault(row.fingerprint, _Group(row.fingerprint)).add(position)
    newest = sorted(groups.values(), key=lambda group: group.last, reverse=True)[:limit]
    built = (_build_group(connection, folder, earliest, group) for group in newest)
    return [group for group in built if group]


class _Group:
    """Failures of one fingerprint: totals from the index, and those found in the files."""

    def __init__(
        self, fingerprint: str, count: int = 0, first: int = FOREVER, last: int = 0
    ) -> None:
        self.fingerprint = fingerprint
        self.count = count
        self.last = last
        self._first = first
        self._oldest: RecordPosition | None = None  # if it is not in the index
        self._newest: list[RecordPosition] = []

    def add(self, place: RecordPosition) -> None:
        """Count a failure that is not in the index."""
        self.count += 1
        self.last = max(self.last, place.ts)
        self._oldest = min(self._oldest or place, place)
        _keep(self._newest, place, _MAX_LISTED_IDS)

    def load_ends(
        self, connection: sqlite3.Connection, earliest: int
    ) -> tuple[RecordPosition, list[RecordPosition]]:
        """Return the first position and the newest ones, newest first."""
        condition = "WHERE fingerprint = ? AND ts"
        newest = self._newest + _list_positions(
            connection,
            f"{condition} >= ? {_NEWEST_FIRST}",
            self.fingerprint,
            earliest,
            _MAX_LISTED_IDS,
        )
        firsts = _list_positions(
            connection,
            f"{condition} = ? ORDER BY file, start LIMIT 1",
            self.fingerprint,
            self._first,
        )
        if self._oldest is not None:
            firsts.append(self._oldest)
        return min(firsts), sorted(newest, reverse=True)[:_MAX_LISTED_IDS]


def _build_group(
    connection: sqlite3.Connection, folder: Path, earliest: int, group: _Group
) -> FailureGroup | None:
    first, newest = group.load_ends(connection, earliest)
    ends = _load(folder, [first, newest[0]])
    if not ends:
        return None
    return FailureGroup(
        fingerprint=group.fingerprint,
        event=ends[-1].event,
        count=group.count,
        first_seen=ends[0].ts,
        last_seen=ends[-1].ts,
        newest=ends[-1],
        action_ids=tuple(position.id for position in newest),
    )


def _is_match(row: Columns, query: JournalQuery) -> bool:
    return (
        query.event in (None, row.event)
        and (query.kind is None or row.event.startswith(f"{query.kind}."))
        and (not query.failed or row.outcome in FAILED)
        and query.fingerprint in (None, row.fingerprint)
        and (query.outcome is None or query.outcome.value == row.outcome)
        and query.channel_id in (None, row.channel_id)
        and (query.since is None or row.ts >= to_microseconds(query.since))
        and (query.until is None or row.ts <= to_microseconds(query.until))
    )


def _keep(positions: list[RecordPosition], place: RecordPosition, limit: int) -> None:
    """Add a position to a heap of the newest ones."""
    if len(positions) < limit:
        heapq.heappush(positions, place)
    else:
        heapq.heappushpop(positions, place)


def _list_positions(
    connection: sqlite3.Connection, where: str, *values: object
) -> list[RecordPosition]:
    rows = connection.execute(f"{_PLACES} {where}", values)
    return [RecordPosition(*row) for row in rows]


def _load(folder: Path, places: Iterable[RecordPosition]) -> list[Action]:
    """Read records from their files; records that were removed meanwhile are left out."""
    opened: dict[str, int] = {}
    actions = []
    with ExitStack() as stack:
        for position in places:
            name = position.name
            try:
                if name not in opened:
                    opened[name] = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
                    stack.callback(os.close, opened[name])
                action = parse(os.pread(opened[name], position.length, position.start))
            except (OSError, ValueError):
                continue
            if action.id == position.id:
                actions.append(action)
    return actions
