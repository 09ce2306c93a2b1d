"""Erasing a person's records from the day files, where they stand.

A record is overwritten by a shorter one that has its time and id alone, filled up with blanks: all
others keep their places, so that writers, the index and those who follow a file go on. What is
interrupted is done again: a line that is half overwritten is no record, and nobody's.
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
    """A line that holds a mark, or has been erased; `id` is its record's, if it is one."""

    path: Path
    start: int
    line: bytes
    id: str


def is_erased(line: bytes) -> bool:
    """Whether a line is what is left of an erased record."""
    return _END[1:] in line and line.rstrip().endswith((_END, _ERASED_LINE))


def find_marked(folder: Path, marks: Sequence[str]) -> Iterator[MarkedLine]:
    """Yield the lines of all files that hold one of these texts, oldest file first.

    Those that were erased come too: the index may not know of that yet.
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
            continue  # its day was too old meanwhile


def erase(lines: Iterable[MarkedLine]) -> None:
    """Overwrite these lines for good."""
    opened: dict[Path, int] = {}
    try:
        for each in lines:
            if each.path not in opened:
                opened[each.path] = os.open(each.path, os.O_RDWR | os.O_CLOEXEC)
            os.pwrite(opened[each.path], _erase_line(each.line), each.start)
        for file in opened.values():
            os.fsync(file)
    finally:
        for file in opened.values():
            os.close(file)


def drop(index: sqlite3.Connection, lines: Iterable[MarkedLine]) -> None:
    """Take these lines out of the index, the damaged ones too."""
    places = [(each.start, each.path.name) for each in lines]
    for table in ("records", "damaged"):
        gone = f"DELETE FROM {table} WHERE start = ? AND file = ({_FILE})"  # noqa: S608  our own
        index.executemany(gone, places)


def _erase_line(line: bytes) -> bytes:
    """Return what is left of a line, as long as it was. It begins as it did: files are known by
    how they begin.
    """
    text = line.rstrip(b"\r\n")
    try:
        fields = json.loads(text)
        told = f'{{"ts":{json.dumps(fields["ts"])},"id":{json.dumps(fields["id"])}'.encode() + _END
    except (ValueError, KeyError, TypeError, RecursionError):
        told = _ERASED_LINE
    return told.ljust(len(text))[: len(text)] + line[len(text) :]


def _parse_id(line: bytes) -> str:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    known = isinstance(fields, dict) and not is_erased(line)
    return str(fields.get("id", "")) if known else ""
