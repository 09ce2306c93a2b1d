"""Copies the state between files of SQLite and PostgreSQL. The bot must not run."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
from theseus_guard.completion import run_in_thread

from bot.app.state_parts import PARTS, STORE, StatePart
from bot.app.state_stores import StateStores
from bot.domain.audit import AuditState
from bot.domain.errors import ConfigError, StoreError
from bot.domain.postgres_place import PostgresPlace
from bot.infra.database import SqlConnection
from bot.infra.postgres import PostgresConnection, describe_error
from bot.infra.sqlite import Database
from bot.infra.sqlite_copy import open_connection
from bot.infra.table_copy import copy_tables

Counts = Mapping[str, int]


class StateCopier:
    """Copies between one state folder and the schemas of one database of PostgreSQL.

    It is whole, or nothing was copied: PostgreSQL gets one transaction, and files get their names
    when all of them are complete.
    """

    def __init__(self, folder: Path, place: PostgresPlace) -> None:
        self._folder = folder
        self._place = place

    async def copy_to_postgres(self) -> Counts:
        """Copy the files into the schemas; return the number of rows. Raises `TheseusError`."""
        if not STORE.get_file(self._folder).is_file():
            raise ConfigError(
                f"There is nothing to copy: {STORE.get_file(self._folder)} does not exist. Run "
                "this in the bot's folder, or set THESEUS_STATE to its state folder."
            )
        for part in self._list_files():
            await _migrate(part, part.get_file(self._folder))
        return await run_in_thread(self._fill_schemas)

    async def copy_to_sqlite(self) -> Counts:
        """Copy the schemas into new files; return the number of rows. Raises `TheseusError`."""
        existing = [part.file for part in self._list_files()]
        if existing:
            raise ConfigError(
                f"{self._folder} has a state already: {', '.join(existing)}. Move these files away "
                "first, with those beside them that begin with their names; they may be older."
            )
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=self._folder) as drafts:
            for part in PARTS:
                await _migrate(part, part.get_file(Path(drafts)))
            counts = await run_in_thread(self._fill_files, Path(drafts))
            for part in PARTS:
                file = part.get_file(self._folder)
                file.parent.mkdir(mode=0o700, exist_ok=True)
                part.get_file(Path(drafts)).replace(file)
        return counts

    async def verify_audit_log(self, *, postgres: bool) -> AuditState:
        """Check the chain of the copy, with the key and the end in the state folder."""
        place = self._place if postgres else None
        async with StateStores(self._folder, place).build_store() as store:
            return await store.verify_audit_log()

    def _list_files(self) -> list[StatePart]:
        return [part for part in PARTS if part.get_file(self._folder).exists()]

    def _fill_schemas(self) -> Counts:
        parts = self._list_files()
        with self._connect() as target:
            for part in PARTS:
                target.switch_schema(part.get_place(self._place))
                target.migrate(part.get_place(self._place), part.migrations)
            target.begin_write()

            def copy(connection: SqlConnection) -> Counts:
                counts = dict[str, int]()
                for part in parts:
                    target.switch_schema(part.get_place(self._place))
                    with _open_file(part.get_file(self._folder), "ro") as source:
                        source.execute("BEGIN")
                        counts |= copy_tables(source, connection, part.copied)
                    if part.index is not None:
                        part.index(connection, True)
                    target.advance_numbers()
                return counts

            return target.finish(copy)

    def _fill_files(self, drafts: Path) -> Counts:
        with self._connect() as source:
            source.begin_read()

            def copy(connection: SqlConnection) -> Counts:
                counts = dict[str, int]()
                for part in PARTS:
                    place = part.get_place(self._place)
                    if not source.has_schema(place):
                        continue  # nothing was kept in it yet
                    source.switch_schema(place)
                    with _open_file(part.get_file(drafts), "rw") as target:
                        target.execute("BEGIN IMMEDIATE")
                        counts |= copy_tables(connection, target, part.copied)
                        if part.index is not None:
                            part.index(target, False)
                        target.execute("COMMIT")
                        target.execute("PRAGMA journal_mode = DELETE")  # one file, to be renamed
                return counts

            return source.finish(copy)

    @contextlib.contextmanager
    def _connect(self) -> Iterator[PostgresConnection]:
        try:
            with contextlib.closing(PostgresConnection.connect(self._place)) as connection:
                yield connection
        except psycopg.Error as error:
            raise StoreError(f"{self._place.name}: {describe_error(error)}") from error


@contextlib.contextmanager
def _open_file(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(open_connection(file, mode)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


async def _migrate(part: StatePart, file: Path) -> None:
    """Bring a file's schema up to date, so that both sides have the same tables."""
    async with Database(file, part.migrations, error=StoreError):
        pass
