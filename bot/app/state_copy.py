"""Copies the store's state between the file of SQLite and PostgreSQL. The bot must not run."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

from bot.adapters.sqlite_store import MIGRATIONS, copy_store
from bot.app.state_stores import FILE, StateStores
from bot.domain.audit import AuditState
from bot.domain.errors import ConfigError, StoreError
from bot.domain.postgres_place import PostgresPlace
from bot.infra.database import SqlDatabase
from bot.infra.postgres import PostgresConnection, describe_error
from bot.infra.sqlite import Database
from bot.infra.sqlite_copy import open_connection
from bot.infra.threads import run_in_thread

Counts = Mapping[str, int]


class StateCopier:
    """Copies between one state folder and one schema of PostgreSQL.

    Each copy is one transaction of the target: it is whole, or nothing was copied.
    """

    def __init__(self, folder: Path, place: PostgresPlace) -> None:
        self._folder = folder
        self._place = place

    async def copy_to_postgres(self) -> Counts:
        """Copy the file into the schema; return the number of rows. Raises `TheseusError`."""
        file = self._folder / FILE
        if not file.is_file():
            raise ConfigError(
                f"There is nothing to copy: {file} does not exist. Run this in the bot's folder, "
                "or set THESEUS_STATE to its state folder."
            )
        await _migrate(Database(file, MIGRATIONS, error=StoreError))
        return await run_in_thread(self._fill_schema, file)

    async def copy_to_sqlite(self) -> Counts:
        """Copy the schema into a new file; return the number of rows. Raises `TheseusError`."""
        file = self._folder / FILE
        if file.exists():
            raise ConfigError(
                f"{file} exists already. Move it away first, with the files beside it that begin "
                "with its name; they may be an older state."
            )
        draft = file.with_name(f"{FILE}.draft")
        try:
            await _migrate(Database(draft, MIGRATIONS, error=StoreError))
            counts = await run_in_thread(self._fill_file, draft)
            draft.replace(file)
        finally:
            for left in self._folder.glob(f"{draft.name}*"):
                left.unlink()
        return counts

    async def verify_audit_log(self, *, postgres: bool) -> AuditState:
        """Check the chain of the copy, with the key and the end in the state folder."""
        place = self._place if postgres else None
        async with StateStores(self._folder, place).build_store() as store:
            return await store.verify_audit_log()

    def _fill_schema(self, file: Path) -> Counts:
        with self._connect() as target, contextlib.closing(_open_file(file, "ro")) as source:
            source.execute("BEGIN")
            target.migrate(self._place, MIGRATIONS)
            target.begin_write()

            def copy(connection: object) -> Counts:
                counts = copy_store(source, target)
                target.advance_numbers()
                return counts

            return target.finish(copy)

    def _fill_file(self, file: Path) -> Counts:
        with self._connect() as source, contextlib.closing(_open_file(file, "rw")) as target:
            source.begin_read()
            target.execute("BEGIN IMMEDIATE")
            counts = source.finish(lambda connection: copy_store(connection, target))
            target.execute("COMMIT")
            target.execute("PRAGMA journal_mode = DELETE")  # a single file, which can be renamed
            return counts

    @contextlib.contextmanager
    def _connect(self) -> Iterator[PostgresConnection]:
        try:
            with contextlib.closing(PostgresConnection.connect(self._place)) as connection:
                yield connection
        except psycopg.Error as error:
            raise StoreError(f"{self._place.name}: {describe_error(error)}") from error


def _open_file(file: Path, mode: str) -> sqlite3.Connection:
    connection = open_connection(file, mode)
    connection.row_factory = sqlite3.Row
    return connection


async def _migrate(database: SqlDatabase) -> None:
    """Bring a file's schema up to date, so that both sides have the same tables."""
    await database.open()
    await database.close()
