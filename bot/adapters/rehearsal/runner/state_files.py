"""What lies in the folder where cogs keep files: names to digests."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a file: its rows tell of it
FILES_AT_MOST = 200


def digests(folder: Path) -> dict[str, str]:
    """Return each file's name below the folder and a digest of its content, in order.

    Of SQLite files it is that of their rows: pages lie as they come.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    wanted = [path for path in paths if not path.name.endswith(_BESIDE)]
    return {path.relative_to(folder).as_posix(): _digest(path) for path in wanted[:FILES_AT_MOST]}


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            rows = file.read(len(_SQLITE)) == _SQLITE
        lines = _rows(path) if rows else iter([path.read_bytes()])
        found = hashlib.sha256()
        for line in lines:
            found.update(line)
        return found.hexdigest()[:16]
    except (OSError, sqlite3.Error) as error:
        return f"unreadable: {error}"


def _rows(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        )
        for name, sql in tables.fetchall():
            yield f"{name}\n{sql}\n".encode()
            quoted = name.replace('"', '""')
            rows = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a table's own name
            yield from sorted(repr(row).encode() for row in rows)
