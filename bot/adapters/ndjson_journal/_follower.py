"""Follows the day files: returns what any process has written since, without the index.

A cursor names the files of the three newest days, each with the position up to which it was read
and a mark (a checksum of how the file begins): `2026-11-21.ndjson:1200:9f3c07aa,...`. So a late
record of yesterday is found after midnight too, and a replaced file is distinguished from one that
was cut.
"""

import contextlib
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import get_day, list_sizes
from bot.adapters.ndjson_journal._samples import sample_in
from bot.domain.samples import Sample
from bot.ports.journal import Followed

CHUNK = 1024 * 1024
_DAYS = 3  # the days that may still get late records
_MARKED = 64  # the first bytes of a file, which identify it
_NO_FILES = "-"


class _Position(NamedTuple):
    """The position up to which a file was read; `mark` is the checksum of its first bytes."""

    end: int
    mark: str


def follow(folder: Path, cursor: str | None, limit: int) -> Followed:
    """Return the samples written after `cursor`, oldest file first, and the next cursor."""
    present = list_sizes(folder)
    if cursor is None:
        ends = {name: _get_end(folder / name, present[name]) for name in _list_newest(present)}
        return Followed((), _format_cursor(ends))
    positions = _read(cursor)
    first = get_day(min(positions, default=""))
    samples: list[Sample] = []
    for name in sorted(positions.keys() | present.keys()):
        if get_day(name) < first or name not in present:
            continue  # older than the followed files, or removed
        path = folder / name
        start = _start(path, present[name], positions.get(name, _Position(0, "")))
        end = start
        if present[name] > start and len(samples) < limit:
            with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                end = _collect(path, start, samples, limit)
        positions[name] = _Position(end, _mark(path, end))
    return Followed(tuple(samples), _format_cursor(positions))


def iterate_full_lines(
    path: Path, start: int, chunk: int = CHUNK
) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the complete lines from `start` on, in chunks, each with the position of its end.

    A last line without a newline counts if it is a complete record: part of one never parses.
    """
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while block := file.read(chunk):
            complete, newline, tail = block.rpartition(b"\n")
            if not newline:
                rest += tail
                continue
            text = rest + complete + newline
            start += len(text)
            rest = tail
            yield start, text.splitlines(keepends=True)
    if rest and sample_in(rest) is not None:
        yield start + len(rest), [rest]


def _collect(path: Path, start: int, samples: list[Sample], limit: int) -> int:
    """Add samples from `start` on, up to `limit` in all; return the position after the last one."""
    for end, lines in iterate_full_lines(path, start):
        for line in lines:
            if len(samples) == limit:
                return start
            start += len(line)
            sample = sample_in(line)
            if sample is not None:
                samples.append(sample)
        start = end
    return start


def _start(path: Path, size: int, place: _Position) -> int:
    """Return where to continue: the end of a file that was cut, the start of a replaced one."""
    if place.end and place.mark != _mark(path, place.end):
        return 0
    # A file that was cut has lost lines that were read; a part of its last line may be left.
    return place.end if size >= place.end else _get_end(path, size).end


def _get_end(path: Path, size: int) -> _Position:
    """Return the position after the last complete line of a file of that size."""
    end = size
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        while end > 0:
            start = max(end - CHUNK, 0)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
    for position, _ in iterate_full_lines(path, end):
        end = position
    return _Position(end, _mark(path, end))


def _mark(path: Path, end: int) -> str:
    """Return the checksum of the first bytes, at most of those that were read."""
    try:
        with path.open("rb") as file:
            return f"{zlib.crc32(file.read(min(end, _MARKED))):08x}"
    except FileNotFoundError:
        return ""


def _format_cursor(places: Mapping[str, _Position]) -> str:
    newest = ((name, places[name]) for name in _list_newest(places))
    return (
        ",".join(f"{name}:{position.end}:{position.mark}" for name, position in newest) or _NO_FILES
    )


def _list_newest(names: Collection[str]) -> list[str]:
    """Return the files of the newest days, oldest first."""
    days = sorted(set(map(get_day, names)))[-_DAYS:]
    return sorted(name for name in names if get_day(name) in days)


def _read(cursor: str) -> dict[str, _Position]:
    """Return the positions of a cursor; invalid parts are left out."""
    places = {}
    for part in filter(None, cursor.split(",")):
        name, _, position_text = part.partition(":")
        end, _, mark = position_text.partition(":")
        if end.isdecimal():
            places[name] = _Position(int(end), mark)
    return places
