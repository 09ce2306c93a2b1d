"""A SQLite file behind an adapter: opens it, migrates it, and runs transactions.

A transaction is a plain function of `sqlite3.Connection` that runs from begin to commit on the
file's own thread. It is never half done: if the caller is cancelled, it still commits or rolls back
there.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from bot.domain.errors import ConfigError, PortError
from bot.domain.storage import StorageFault, StorageFaultKind
from bot.infra.database import SqlDatabaseOwner, stamp
from bot.infra.database_thread import DatabaseThread
from bot.infra.sqlite_copy import get_pre_migration_path
from bot.infra.sqlite_faults import FileIdentity, classify_error
from bot.infra.sqlite_migrations import Migration, Migrations

T = TypeVar("T")
WorkArguments = Callable[[sqlite3.Connection], T]

BUSY_SECONDS = 10.0
OPENED_AT_ONCE = 50
__all__ = ["Database", "DatabaseOwner", "WorkArguments", "replace_surrogates", "stamp"]
_CLEAN = 1  # the `user_version` of a file without remains of deleted rows


def replace_surrogates(text: str) -> str:
    """Return the text without lone surrogates, which SQLite cannot hold."""
    return text.encode("utf-8", "replace").decode()


class Database:
    """A SQLite file. Raises `error` for errors of SQLite, and `ConfigError` for an unusable file.

    With `synchronous` FULL, every commit survives a power failure; with NORMAL, it survives a
    killed process. With `check`, the complete file is checked when it is opened. Before an existing
    file is migrated, it is copied, and the copy replaces that of the last migration. A file that
    is `derived` from other files is not copied.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        error: type[PortError],
        synchronous: str = "FULL",
        check: bool = True,
        derived: bool = False,
    ) -> None:
        self.path = path
        self._migrations = tuple(migrations)
        self._error = error
        self._synchronous = synchronous
        self._check = check
        self._derived = derived
        self._connection: DatabaseThread[sqlite3.Connection] | None = None
        self._identity: FileIdentity | None = None
        self.fault: StorageFault | None = None
        """What keeps the file from working, as last seen."""

    async def open(self) -> None:
        """Open the file, creating it and its folder if needed, and bring its schema up to date."""
        if self._connection is not None:
            return
        self._make_folder()
        connection = DatabaseThread(self.path.name, self._connect, sqlite3.Connection.close)
        try:
            await connection.run(self._prepare)
        except sqlite3.Error as error:
            await connection.close()
            raise self._build_open_error(error) from error
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        self._identity = FileIdentity.read(self.path)

    async def close(self) -> None:
        """Finish what was asked for and close the file; again is harmless."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(self, work: WorkArguments[T]) -> T:
        """Run `work` on one unchanging view of the file and return what it returns."""
        return await self._run(work, "BEGIN DEFERRED")

    async def write(self, work: WorkArguments[T], *, flushed: bool = True) -> T:
        """Run `work` as one transaction, with no other writer of the file at the same time.

        If it raises, nothing is written. Without `flushed` it does not wait for the disk: the
        transaction survives a killed process, but a power failure only after a later flushed write.
        """
        return await self._run(work, "BEGIN IMMEDIATE", "" if flushed else "NORMAL")

    async def probe(self) -> None:
        """Find out whether the file is there and can be written; `fault` is the answer."""
        if self._connection is None:
            return
        if FileIdentity.read(self.path) != self._identity:
            self._note_fault(StorageFaultKind.MISSING)
            return
        try:
            await self.write(_write_header, flushed=False)
        except PortError:
            return  # `fault` was set, unless the file was only busy
        if self.fault is not None and not self.fault.kind.permanent:
            self.fault = None

    async def purge(self) -> None:
        """Erase deleted data from the file, its write-ahead log, and its copy.

        Free space left by older versions of the bot is erased once, by rewriting the file. Raises
        `error` if the file stays busy.
        """
        if self._connection is None:
            raise self._error(f"{self.path} is not open.")
        try:
            await self._connection.run(self._clean)
        except (sqlite3.Error, OSError) as error:
            raise self._error(f"{self.path}: {error}", detail=type(error).__name__) from error

    def _clean(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] < _CLEAN:
            connection.execute("VACUUM")
            connection.execute(f"PRAGMA user_version = {_CLEAN}")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise sqlite3.OperationalError("others read what was deleted; try again")
        get_pre_migration_path(self.path).unlink(missing_ok=True)

    async def _run(self, work: WorkArguments[T], begin: str, synchronous: str = "") -> T:
        if self._connection is None:
            raise self._error(f"{self.path} is not open.")

        def run(connection: sqlite3.Connection) -> T:
            if not synchronous:
                return _transact(connection, begin, work)
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            try:
                return _transact(connection, begin, work)
            finally:
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")

        try:
            return await self._connection.run(run)
        except sqlite3.Error as error:
            raise self._build_error(error) from error

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_SECONDS)

    def _make_folder(self) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The folder {folder} cannot be made ({error.strerror}). "
                "Set THESEUS_STATE to a folder Theseus may write to."
            ) from error
        if not os.access(folder, os.W_OK | os.X_OK) or self.path.is_dir():
            raise ConfigError(
                f"{self.path} cannot be opened: it is a folder, or {folder} is not writable. "
                "Set THESEUS_STATE to a folder Theseus may write to."
            )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        steps = Migrations(self.path, self._migrations, keeps_copy=not self._derived)
        _transact(connection, "BEGIN IMMEDIATE", steps.apply)
        _enable_wal(connection)
        if self._check:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if answer != "ok":
                damage = sqlite3.DatabaseError(answer)
                damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT  # as a query would raise it
                raise damage

    def _build_open_error(self, error: sqlite3.Error) -> ConfigError:
        kind = classify_error(error)
        if kind is not None:
            fault = StorageFault(kind=kind, file=self.path, cause=str(error), derived=self._derived)
            remedy = f"{fault.remedy} Or move it away to start afresh."
        else:
            remedy = "Put a copy in its place, or move it away to start afresh."
        return ConfigError(f"{self.path} cannot be used: {error}. {remedy}")

    def _build_error(self, error: sqlite3.Error) -> PortError:
        kind = classify_error(error)
        if kind is None:
            return self._error(f"{self.path}: {error}", detail=type(error).__name__)
        fault = self._note_fault(kind, str(error))
        return self._error(fault.text, detail=type(error).__name__)

    def _note_fault(self, kind: StorageFaultKind, cause: str = "") -> StorageFault:
        """Keep the fault that was seen; one that a restart alone cures is not replaced."""
        fault = StorageFault(kind=kind, file=self.path, cause=cause, derived=self._derived)
        if self.fault is None or not self.fault.kind.permanent:
            self.fault = fault
        return fault


class DatabaseOwner(SqlDatabaseOwner[Database]):
    """A base class for objects that own a file of SQLite, and open and close it."""


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Turn on write-ahead logging, which stays on in the file; other processes may do so too.

    SQLite does not wait for their transactions when it changes the mode. So the last attempt first
    runs a transaction, which does wait.
    """
    for last in (*(False,) * OPENED_AT_ONCE, True):
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if last:
                raise
            _transact(connection, "BEGIN IMMEDIATE", lambda _: None)


def _write_header(connection: sqlite3.Connection) -> None:
    """Write a page of the file, leaving what it says."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {version}")


def _transact(connection: sqlite3.Connection, begin: str, work: WorkArguments[T]) -> T:
    connection.execute(begin)
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
