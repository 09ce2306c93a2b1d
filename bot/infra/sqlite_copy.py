"""Copies an SQLite file while others write to it.

Only SQLite itself opens the database here. If other code of the process opened and closed the file,
for example to read its first bytes, POSIX would release all locks of the process on it.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

BUSY_SECONDS = 10.0
_PAGES = 1_024  # copied at a time: a look whether to go on comes in between
_BEFORE = ".before-migration"


def get_pre_migration_path(file: Path) -> Path:
    """Return the path of the copy of a database that is made before a migration."""
    return file.with_name(file.name + _BEFORE)


def is_before_migration(name: str) -> bool:
    """Return whether a file name is that of a copy from before a migration."""
    return name.endswith(_BEFORE)


def open_connection(
    path: Path, mode: str = "ro", *, seconds: float = BUSY_SECONDS
) -> sqlite3.Connection:
    """Return a connection to a file that has to be there; `mode` is SQLite's own, `ro` or `rw`.

    Transactions begin and end as they are asked to. Raises `sqlite3.Error`.
    """
    address = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(
        address, uri=True, timeout=seconds, isolation_level=None, check_same_thread=False
    )


def is_database(path: Path) -> bool:
    """Return whether the file is a SQLite database; an empty file is not.

    Raises `OSError` if there is no file, and `sqlite3.Error` if it cannot be determined now.
    """
    if path.stat().st_size == 0:
        return False
    with contextlib.closing(open_connection(path)) as connection:
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                return False
            raise
    return True


def copy_database(source: Path, target: Path) -> None:
    """Copy a database to `target`, a single file that only its owner can read.

    The target is replaced atomically, or not at all. Raises `sqlite3.Error` and `OSError`.
    """
    with contextlib.closing(open_connection(source)) as connection:
        begin_snapshot(connection)
        copy_snapshot(connection, target)


def begin_snapshot(connection: sqlite3.Connection) -> None:
    """Start a transaction in which the connection sees the file as it is now."""
    connection.execute("BEGIN")
    # BEGIN alone reads no data, and the snapshot starts with the first read.
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def copy_snapshot(
    connection: sqlite3.Connection, target: Path, *, go_on: Callable[[], None] = lambda: None
) -> None:
    """Copy the data that a connection sees; call `begin_snapshot` before for a consistent copy.

    `go_on` is called between the steps, and may raise to cancel. Otherwise like `copy_database`.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.copy")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = OFF")  # brought to the disk once, below
            connection.backup(copy, pages=_PAGES, progress=lambda *_: go_on())
            copy.execute("PRAGMA journal_mode = DELETE")
        flush(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    flush(target.parent)


def flush(path: Path) -> None:
    """Bring a file's content, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
