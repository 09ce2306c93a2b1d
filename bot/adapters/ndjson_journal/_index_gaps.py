"""Searches lines that are not indexed yet in the files, newest first.

Only lines that contain the requested texts are parsed, so a gigabyte takes seconds.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import PORTIONS, Portions, get_day
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
"""Returns whether records of that time (in microseconds) or older are not needed any more."""


class RecordPosition(NamedTuple):
    """The position of a record; a later record is greater."""

    ts: int
    name: str
    start: int
    length: int
    id: str


class Hit(NamedTuple):
    """A record that may match, and its position."""

    place: RecordPosition
    columns: Columns


def find_gaps(
    connection: sqlite3.Connection,
    folder: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    portions: Portions = PORTIONS,
) -> list[Span]:
    """Return the parts of the files that may contain records of a time and are not indexed."""
    covered = load_covered(connection)
    gaps = []
    for span in reversed(list_spans(folder, since, until, portions)):
        file = covered.get(span.path.name, IndexedFile())
        after = Span(span.path, max(span.start, file.high), span.end)
        before = Span(span.path, span.start, min(span.end, file.low))
        gaps += [part for part in (after, before) if part.start < part.end]
    return gaps


def search(
    parts: Sequence[Span],
    values: Sequence[object],
    enough: Enough,
    portions: Portions = PORTIONS,
) -> Iterator[Hit]:
    """Yield the records of lines that contain all values, the newest parts first, until `enough`.

    The values may be anywhere in a line, so the caller must check the columns.
    """
    needles = [json.dumps(value).encode() for value in values if str(value).isascii()]
    for part in parts:
        if enough(_get_day_end(part.path)):
            return
        for start, chunk in _iterate_backwards(part, portions.chunk):
            for offset, line in _iterate_matching_lines(chunk, needles):
                if (row := parse_columns(line)) is not None:
                    position = RecordPosition(
                        row.ts, part.path.name, start + offset, len(line), row.id
                    )
                    yield Hit(position, row)
            first = parse_columns(chunk[: chunk.find(b"\n")])
            if first is not None and enough(first.ts + _OUT_OF_ORDER):
                break


def search_id(
    parts: Sequence[Span], record_id: str, portions: Portions = PORTIONS
) -> RecordPosition | None:
    """Return the newest record with that full or short id, or `None`."""
    needle = record_id.encode() + b'"'
    for part in parts:
        for start, chunk in _iterate_backwards(part, portions.chunk):
            for offset, line in reversed(list(_iterate_matching_lines(chunk, [needle]))):
                row = parse_columns(line)
                if row is not None and record_id in (row.id, row.short):
                    return RecordPosition(row.ts, part.path.name, start + offset, len(line), row.id)
    return None


def _iterate_backwards(part: Span, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yield a part in chunks of complete lines, the last first, each with its position."""
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
    """Yield the lines that contain all needles, each with its position in the chunk."""
    needle, others = (needles[0], needles[1:]) if needles else (b"\n", ())
    position = chunk.find(needle)
    while position >= 0:
        start = chunk.rfind(b"\n", 0, position) + 1
        end = chunk.find(b"\n", position)
        end = len(chunk) if end < 0 else end
        line = chunk[start:end]
        if all(other in line for other in others):
            yield start, line
        position = chunk.find(needle, end + 1)
    if not needles and chunk and not chunk.endswith(b"\n"):
        start = chunk.rfind(b"\n") + 1
        yield start, chunk[start:]


def _get_day_end(path: Path) -> int:
    """Return the end of a file's day, in microseconds."""
    try:
        day = date.fromisoformat(get_day(path.name)) + timedelta(days=1)
    except (ValueError, OverflowError):
        return FOREVER  # not a valid day: the file may contain any time
    return to_microseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))
