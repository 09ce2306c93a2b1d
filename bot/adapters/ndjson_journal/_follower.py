"""Following the day files: what was written since, by anybody, without the index.

A cursor names up to three newest day files, each with the place up to which it was read and a
mark of how the file begins: `2026-11-21.ndjson:1200:9f3c07aa,...`. So a late record of yesterday is
seen after midnight too, and a file that was replaced is told from one that was cut.
"""

import contextlib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import list_sizes
from bot.adapters.ndjson_journal._samples import sample_in
from bot.domain.samples import Sample
from bot.ports.journal import Followed

CHUNK = 1024 * 1024
_FILES = 3
_MARKED = 64
_NO_FILES = "-"


class _Position(NamedTuple):
    """A file was read up to `end`; `mark` is the checksum of its first bytes."""

    end: int
    mark: str


def follow(folder: Path, cursor: str | None, limit: int) -> Followed:
    """Return the samples written after `cursor`, oldest file first, and the next cursor."""
    present = list_sizes(folder)
    if cursor is None:
        newest = list(present.items())[-_FILES:]
        return Followed(
            (), _format_cursor({name: _get_end(folder / name, size) for name, size in newest})
        )
    places = _read(cursor)
    first = min(places, default="")
    samples: list[Sample] = []
    for name in sorted(places.keys() | present.keys()):
        if name < first or name not in present:
            continue  # older than what is followed, or gone
        path = folder / name
        start = _start(path, present[name], places.get(name, _Position(0, "")))
        end = start
        if present[name] > start and len(samples) < limit:
            with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                end = _collect(path, start, samples, limit)
        places[name] = _Position(end, _mark(path, end))
    return Followed(tuple(samples), _format_cursor(places))


def iterate_full_lines(
    path: Path, start: int, chunk: int = CHUNK
) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the whole lines from `start` on, a chunk at a time, each time with where they end.

    A last line without a newline counts if it is a whole record: part of one never parses.
    """
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while read := file.read(chunk):
            whole, newline, tail = read.rpartition(b"\n")
            if not newline:
                rest += tail
                continue
            text = rest + whole + newline
            start += len(text)
            rest = tail
            yield start, text.splitlines(keepends=True)
    if rest and sample_in(rest) is not None:
        yield start + len(rest), [rest]


def _collect(path: Path, start: int, samples: list[Sample], limit: int) -> int:
    """Add samples from `start` on until there are `limit`; return where that ended."""
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
    """Return where to go on: at the end of a file that was cut, at the start of another one."""
    if place.end and place.mark != _mark(path, place.end):
        return 0
    return place.end if size >= place.end else _get_end(path, size).end


def _get_end(path: Path, size: int) -> _Position:
    """Return the place after the last whole line of a file of that size."""
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
    for whole, _ in iterate_full_lines(path, end):
        end = whole
    return _Position(end, _mark(path, end))


def _mark(path: Path, end: int) -> str:
    """Return the checksum of the first bytes, of as many as were read at least."""
    try:
        with path.open("rb") as file:
            return f"{zlib.crc32(file.read(min(end, _MARKED))):08x}"
    except FileNotFoundError:
        return ""


def _format_cursor(places: Mapping[str, _Position]) -> str:
    newest = sorted(places.items())[-_FILES:]
    return ",".join(f"{name}:{place.end}:{place.mark}" for name, place in newest) or _NO_FILES


def _read(cursor: str) -> dict[str, _Position]:
    """Return the places of a cursor; a part that is none is left out."""
    places = {}
    for part in filter(None, cursor.split(",")):
        name, _, rest = part.partition(":")
        end, _, mark = rest.partition(":")
        if end.isdecimal():
            places[name] = _Position(int(end), mark)
    return places
