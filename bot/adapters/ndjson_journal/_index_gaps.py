"""What the index does not cover yet, searched in the files themselves, the newest lines first.

Lines are not parsed unless they hold the texts that are asked for, so that a gigabyte takes
seconds.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import PORTIONS, Portions
from bot.adapters.ndjson_journal._index import (
    Columns,
    IndexedFile,
    find_line_start,
    load_covered,
    parse_columns,
    to_microseconds,
)
from bot.adapters.ndjson_journal._spans import OUT_OF_ORDER, Span, list_spans

FOREVER = 2**63 - 1
_OUT_OF_ORDER = OUT_OF_ORDER // timedelta(microseconds=1)

Enough = Callable[[int], bool]
"""Says whether records of that time or before, in microseconds, are of no use any more."""


class RecordPosition(NamedTuple):
    """Where a record stands; a later one is greater."""

    ts: int
    name: str
    start: int
    length: int
    id: str


class Hit(NamedTuple):
    """A record that may be asked for, and where it stands."""

    place: RecordPosition
    columns: Columns


def find_gaps(
    connection: sqlite3.Connection,
    folder: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    portions: Portions = PORTIONS,
) -> list[Span]:
    """Return the parts of the files that hold records of a time and are not indexed."""
    known = load_covered(connection)
    found = []
    for span in reversed(list_spans(folder, since, until, portions)):
        file = known.get(span.path.name, IndexedFile())
        after = Span(span.path, max(span.start, file.high), span.end)
        before = Span(span.path, span.start, min(span.end, file.low))
        found += [part for part in (after, before) if part.start < part.end]
    return found


def search(
    parts: Sequence[Span],
    values: Sequence[object],
    enough: Enough,
    portions: Portions = PORTIONS,
) -> Iterator[Hit]:
    """Yield the records of lines that hold all values, the newest parts first, until enough.

    A line that holds them may hold them elsewhere: whoever asks looks at the columns.
    """
    needles = [json.dumps(value).encode() for value in values if str(value).isascii()]
    for part in parts:
        if enough(_get_day_end(part.path)):
            return
        for start, chunk in _iterate_backwards(part, portions.chunk):
            for at, line in _iterate_matching_lines(chunk, needles):
                if (row := parse_columns(line)) is not None:
                    place = RecordPosition(row.ts, part.path.name, start + at, len(line), row.id)
                    yield Hit(place, row)
            first = parse_columns(chunk[: chunk.find(b"\n")])
            if first is not None and enough(first.ts + _OUT_OF_ORDER):
                break


def search_id(
    parts: Sequence[Span], record_id: str, portions: Portions = PORTIONS
) -> RecordPosition | None:
    """Return the newest record whose full or short id that is."""
    needle = record_id.encode() + b'"'
    for part in parts:
        for start, chunk in _iterate_backwards(part, portions.chunk):
            for at, line in reversed(list(_iterate_matching_lines(chunk, [needle]))):
                row = parse_columns(line)
                if row is not None and record_id in (row.id, row.short):
                    return RecordPosition(row.ts, part.path.name, start + at, len(line), row.id)
    return None


def _iterate_backwards(part: Span, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yield a part in chunks of whole lines, the last first, each with its place."""
    end = part.end
    while end > part.start:
        try:
            start = find_line_start(part.path, max(end - max_bytes, part.start), end)
            with part.path.open("rb") as file:
                file.seek(start)
                chunk = file.read(end - start)
                if not chunk.endswith(b"\n"):
                    chunk += file.readline()
        except FileNotFoundError:
            return
        yield start, chunk
        end = start


def _iterate_matching_lines(chunk: bytes, needles: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold all needles, each with its place in the chunk."""
    needle, others = (needles[0], needles[1:]) if needles else (b"\n", ())
    found = chunk.find(needle)
    while found >= 0:
        start = chunk.rfind(b"\n", 0, found) + 1
        end = chunk.find(b"\n", found)
        end = len(chunk) if end < 0 else end
        line = chunk[start:end]
        if all(other in line for other in others):
            yield start, line
        found = chunk.find(needle, end + 1)
    if not needles and chunk and not chunk.endswith(b"\n"):
        start = chunk.rfind(b"\n") + 1
        yield start, chunk[start:]


def _get_day_end(path: Path) -> int:
    """Return the end of a file's day."""
    try:
        day = date.fromisoformat(path.stem) + timedelta(days=1)
    except (ValueError, OverflowError):
        return FOREVER  # no such day: anything may stand there
    return to_microseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))
