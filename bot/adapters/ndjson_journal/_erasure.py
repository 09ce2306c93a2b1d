"""Erases a person's records in place in the day files.

A record is overwritten by a shorter one with only its time and id, padded with blanks. All other
records keep their positions, so writers, the index and followers are not disturbed. If this is
interrupted, it is repeated: a line that is half overwritten is not a valid record of anyone.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import list_sizes
from bot.adapters.ndjson_journal._follower import iterate_full_lines

_END = b',"erased":true}'
_FILE = "SELECT number FROM files WHERE name = ?"
_ERASED_LINE = b"{" + _END[1:]


class MarkedLine(NamedTuple):
    """A line that contains a mark or was erased; `id` is its record's, "" if it is not a record."""

    path: Path
    start: int
    line: bytes
    id: str


def is_erased(line: bytes) -> bool:
    """Return whether a line is the remainder of an erased record."""
    return _END[1:] in line and line.rstrip().endswith((_END, _ERASED_LINE))


def find_marked(folder: Path, marks: Sequence[str]) -> Iterator[MarkedLine]:
    """Yield the lines of all files that contain one of these texts, oldest file first.

    Erased lines are yielded too, because the index may not know yet that they were erased.
    """
    needles = [mark.encode() for mark in marks]
    for name in list_sizes(folder):
        start = 0
        try:
            for end, lines in iterate_full_lines(folder / name, 0):
                for line in lines:
                    if any(needle in line for needle in needles) or is_erased(line):
                        yield MarkedLine(folder / name, start, line, _parse_id(line))
                    start += len(line)
                start = end
        except FileNotFoundError:
            continue  # its day was removed meanwhile


def erase(lines: Iterable[MarkedLine]) -> None:
    """Overwrite these lines permanently."""
    opened: dict[Path, int] = {}
    try:
        for marked in lines:
            if marked.path not in opened:
                opened[marked.path] = os.open(marked.path, os.O_RDWR | os.O_CLOEXEC)
            os.pwrite(opened[marked.path], _erase_line(marked.line), marked.start)
        for file in opened.values():
            os.fsync(file)
    finally:
        for file in opened.values():
            os.close(file)


def drop(index: sqlite3.Connection, lines: Iterable[MarkedLine]) -> None:
    """Remove these lines from the index, damaged ones too."""
    places = [(marked.start, marked.path.name) for marked in lines]
    for table in ("records", "damaged"):
        delete = f"DELETE FROM {table} WHERE start = ? AND file = ({_FILE})"  # noqa: S608  our own
        index.executemany(delete, places)


def _erase_line(line: bytes) -> bytes:
    """Return the remainder of a line, with the same length and the same beginning.

    Files are identified by how they begin.
    """
    text = line.rstrip(b"\r\n")
    try:
        fields = json.loads(text)
        remainder = (
            f'{{"ts":{json.dumps(fields["ts"])},"id":{json.dumps(fields["id"])}'.encode() + _END
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        remainder = _ERASED_LINE
    return remainder.ljust(len(text))[: len(text)] + line[len(text) :]


def _parse_id(line: bytes) -> str:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    is_record = isinstance(fields, dict) and not is_erased(line)
    return str(fields.get("id", "")) if is_record else ""
