"""Reads the folder where cogs store files: digests, or contents, by name."""

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
)  # SQLite's side files; the digest of the rows covers their content
FILES_AT_MOST = 200
MAX_SEARCHED = 20_000  # files of a bot's checkout, among which its databases are
MAX_STORED_BYTES = (
    1_000_000  # of all files that are handed on together: a line of the channel holds them
)


def compute_digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file below the folder by its name, in order.

    The digest of an SQLite file covers its rows, because the order of pages is not deterministic.
    """
    return {
        path.relative_to(folder).as_posix(): _compute_digest(path) for path in _list_files(folder)
    }


def compute_database_digests(folder: Path) -> dict[str, str]:
    """Return the digest of each SQLite file below the folder by its name, in order."""
    databases = [path for path in _list_files(folder, MAX_SEARCHED) if _is_database(path)]
    return {path.relative_to(folder).as_posix(): _compute_digest(path) for path in databases}


def read_contents(folder: Path) -> dict[str, str]:
    """Return the content of each file below the folder as base64, by its name.

    Unreadable files, and files beyond the size limit, are left out.
    """
    contents, room = dict[str, str](), MAX_STORED_BYTES
    for path in _list_files(folder):
        try:
            content = _read_full(path) if path.stat().st_size <= room else None
        except (OSError, sqlite3.Error):
            content = None
        if content is not None and len(content) <= room:
            contents[path.relative_to(folder).as_posix()] = base64.b64encode(content).decode()
            room -= len(content)
    return contents


def _list_files(folder: Path, most: int = FILES_AT_MOST) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in paths if not path.name.endswith(_SQLITE_SUFFIXES)][:most]


def _read_full(path: Path) -> bytes:
    """Return the complete content of a file; for SQLite including its write-ahead log."""
    if not _is_database(path):
        return path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        return database.serialize()


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _compute_digest(path: Path) -> str:
    try:
        lines = _iterate_rows(path) if _is_database(path) else iter([path.read_bytes()])
        sha256 = hashlib.sha256()
        for line in lines:
            sha256.update(line)
        return sha256.hexdigest()[:16]
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
