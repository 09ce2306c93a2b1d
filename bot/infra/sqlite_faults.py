"""Which errors of SQLite mean that a state file cannot be used, and not that a query is wrong."""

import sqlite3
from pathlib import Path
from typing import NamedTuple, Self

from bot.domain.storage import StorageFaultKind

# https://www.sqlite.org/rescode.html: the lowest byte is the primary code.
_PRIMARY = 0xFF
_KINDS = {
    sqlite3.SQLITE_CORRUPT: StorageFaultKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: StorageFaultKind.DAMAGED,
    sqlite3.SQLITE_FULL: StorageFaultKind.FULL,
    sqlite3.SQLITE_READONLY: StorageFaultKind.READ_ONLY,
    sqlite3.SQLITE_PERM: StorageFaultKind.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StorageFaultKind.READ_ONLY,
    sqlite3.SQLITE_IOERR: StorageFaultKind.FAILING,
}


def classify_error(error: sqlite3.Error) -> StorageFaultKind | None:
    """Return the fault of the file that an error shows; `None`: the file may be sound."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _KINDS.get(code & _PRIMARY)


class FileIdentity(NamedTuple):
    """Which file a path names. A process that holds it open goes on with a removed one."""

    device: int
    number: int

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the identity of the file at a path; `None`: none is there."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_dev, found.st_ino)
