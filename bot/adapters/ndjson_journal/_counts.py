"""Counts actions and failures by time and kind, from the index, without reading records.

The times of each event are one range of an index, so records outside the requested time cost
nothing. Lines that are not indexed yet are counted in the files.
"""

import sqlite3
from collections import Counter
from datetime import datetime
from pathlib import Path

from bot.adapters.ndjson_journal._files import PORTIONS, Portions
from bot.adapters.ndjson_journal._index import to_microseconds
from bot.adapters.ndjson_journal._index_gaps import find_gaps, search
from bot.domain.journal import FAILED
from bot.domain.samples import ActionCount

_MICROSECONDS = 1_000_000
_ACTIONS = """
    WITH RECURSIVE events (event) AS (
        SELECT min(event) FROM records
        UNION ALL
        SELECT (SELECT min(event) FROM records WHERE event > events.event) FROM events
        WHERE events.event IS NOT NULL
    )
    SELECT records.ts / ? AS place, events.event AS event, count(*) AS found
    FROM events JOIN records ON records.event = events.event AND records.ts BETWEEN ? AND ?
    GROUP BY 1, 2
"""
_FAILURES = """
    SELECT ts / ? AS place, event, count(*) AS found FROM records
    WHERE outcome IN ('error', 'timeout', 'no_response') AND outcome <> 'ok'
    AND ts BETWEEN ? AND ? GROUP BY 1, 2
"""

_Place = tuple[int, str]


def count_actions(
    connection: sqlite3.Connection,
    folder: Path,
    since: datetime,
    until: datetime,
    seconds: int,
    portions: Portions = PORTIONS,
) -> list[ActionCount]:
    """Return the counts of that time, oldest span first."""
    width, first, last = seconds * _MICROSECONDS, to_microseconds(since), to_microseconds(until)
    actions = _count(connection, _ACTIONS, (width, first, last))
    failures = _count(connection, _FAILURES, (width, first, last))
    parts = find_gaps(connection, folder, since, until, portions)
    for _, row in search(parts, [], lambda ts: ts < first, portions):
        if first <= row.ts <= last:
            key = (row.ts // width, _get_kind(row.event))
            actions[key] += 1
            failures[key] += row.outcome in FAILED
    return [
        ActionCount(float(key * seconds), kind, count, failures[key, kind])
        for (key, kind), count in sorted(actions.items())
    ]


def _count(
    connection: sqlite3.Connection, sql: str, values: tuple[int, int, int]
) -> Counter[_Place]:
    counts: Counter[_Place] = Counter()
    for row in connection.execute(sql, values):
        counts[row["place"], _get_kind(row["event"])] += row["found"]
    return counts


def _get_kind(event: str) -> str:
    return event.partition(".")[0]
