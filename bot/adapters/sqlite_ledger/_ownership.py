"""Lets one program at a time write the ledger, because it caches sums and knows its own holds."""

from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Protocol

import structlog

from bot.infra.database import SqlConnection
from bot.infra.file_lock import FileLock, Locked

Ownership = Literal["kept", "new", "other"]
"""This program owned the ledger already, it owns it from now on, or another program does."""
_log = structlog.stdlib.get_logger(__name__)


class LedgerLock(Protocol):
    """What decides which program writes the ledger. It ends with its program."""

    def take(self, connection: SqlConnection) -> Ownership:
        """Become the owner or stay it, within a writing transaction."""
        ...

    def release(self) -> None:
        """Let another program become the owner; the database is closed already."""
        ...


class LedgerFileLock:
    """Implements `LedgerLock` with a lock file beside the ledger's file."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.lock")
        self._held: ExitStack | None = None

    def take(self, connection: SqlConnection) -> Ownership:
        """Become the owner or stay it."""
        if self._held is not None:
            return "kept"
        with ExitStack() as stack:
            try:
                stack.enter_context(FileLock(self._path))
            except (Locked, OSError) as error:
                _log.debug("another program owns the ledger: %s", error)
                return "other"
            self._held = stack.pop_all()
        return "new"

    def release(self) -> None:
        """Remove the lock file."""
        held, self._held = self._held, None
        if held is not None:
            held.close()


class LedgerSessionLock:
    """Implements `LedgerLock` with an advisory lock of the ledger's own session of PostgreSQL.

    It is asked for in every writing transaction: if the server was restarted, the session is
    another one, and a second program may have become the owner meanwhile.
    """

    def __init__(self) -> None:
        self._session: int | None = None

    def take(self, connection: SqlConnection) -> Ownership:
        """Become the owner or stay it. The session may hold its lock several times."""
        row = connection.execute(
            "SELECT pg_backend_pid() AS session, pg_try_advisory_lock("
            "hashtextextended(current_schema() || ' owner', 0)) AS held"
        ).fetchone()
        before, self._session = self._session, row["session"] if row["held"] else None
        if not row["held"]:
            return "other"
        return "kept" if before == row["session"] else "new"

    def release(self) -> None:
        """Forget the session, which ended with its lock when the database was closed."""
        self._session = None
