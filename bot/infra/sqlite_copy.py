"""A whole copy of an SQLite file while others write to it.

Nothing here opens a database but SQLite itself. Whoever opens and closes the file beside it, to
look at its first bytes for example, lets go of all locks its own process holds on it.
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
    """Return where the copy of a database lies that is made before it is migrated."""
    return file.with_name(file.name + _BEFORE)


def is_before_migration(name: str) -> bool:
    """Whether a file of that name is such a copy."""
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
    """Whether SQLite takes the file for one of its own; an empty one is none.

    Raises `OSError` where it is not there, and `sqlite3.Error` where it cannot be told now.
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
    """Copy a database into `target`, one file with nothing beside it, for the owner alone.

    The target is replaced whole, or left as it was. Raises `sqlite3.Error` and `OSError`.
    """
    with contextlib.closing(open_connection(source)) as connection:
        begin_snapshot(connection)
        copy_snapshot(connection, target)


def begin_snapshot(connection: sqlite3.Connection) -> None:
    """Have a connection see this one moment of its file until it ends the transaction."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # BEGIN alone reads nothing


def copy_snapshot(
    connection: sqlite3.Connection, target: Path, *, go_on: Callable[[], None] = lambda: None
) -> None:
    """Copy what a connection sees; after `begin_snapshot` that is one moment, whoever writes.

    `go_on` is called now and then, and may raise. For the rest see `copy_database`.
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
