"""What lies in the folder where cogs keep files: names to digests, or to what they hold."""

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_SQLITE = b"SQLite format 3\0"
_SQLITE_SUFFIXES = (
    "-wal",
    "-shm",
    "-journal",
)  # what SQLite keeps beside a file: its rows tell of it
FILES_AT_MOST = 200
MAX_STORED_BYTES = (
    1_000_000  # of all files that are handed on together: a line of the channel holds them
)


def compute_digests(folder: Path) -> dict[str, str]:
    """Return each file's name below the folder and a digest of its content, in order.

    Of SQLite files it is that of their rows: pages lie as they come.
    """
    return {path.relative_to(folder).as_posix(): _digest(path) for path in _list_files(folder)}


def read_contents(folder: Path) -> dict[str, str]:
    """Return each file's name below the folder and its content, as base64.

    What no longer fits is left out, and so is what cannot be read.
    """
    found, room = dict[str, str](), MAX_STORED_BYTES
    for path in _list_files(folder):
        try:
            content = _read_full(path) if path.stat().st_size <= room else None
        except (OSError, sqlite3.Error):
            content = None
        if content is not None and len(content) <= room:
            found[path.relative_to(folder).as_posix()] = base64.b64encode(content).decode()
            room -= len(content)
    return found


def _list_files(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in paths if not path.name.endswith(_SQLITE_SUFFIXES)][:FILES_AT_MOST]


def _read_full(path: Path) -> bytes:
    """Return all that a file holds; of SQLite's, with what still lies beside it."""
    if not _is_database(path):
        return path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        return database.serialize()


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _digest(path: Path) -> str:
    try:
        lines = _iterate_rows(path) if _is_database(path) else iter([path.read_bytes()])
        found = hashlib.sha256()
        for line in lines:
            found.update(line)
        return found.hexdigest()[:16]
    except (OSError, sqlite3.Error) as error:
        return f"unreadable: {error}"


def _iterate_rows(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        )
        for name, sql in tables.fetchall():
            yield f"{name}\n{sql}\n".encode()
            quoted = name.replace('"', '""')
            rows = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a table's own name
            yield from sorted(repr(row).encode() for row in rows)
