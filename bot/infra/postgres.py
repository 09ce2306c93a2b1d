"""A schema of a PostgreSQL database behind an adapter, used like a file of SQLite.

Writers wait for each other as on SQLite: each transaction first takes the schema's advisory lock.
So what is right on SQLite is right here: leases, versions, the chain of the audit log.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from bot.domain.errors import ConfigError, PortError
from bot.domain.leadership import LeadershipLost, WriteFence
from bot.domain.postgres_place import PostgresPlace
from bot.domain.storage import StorageFault, StorageFaultKind
from bot.infra.database import SqlConnection
from bot.infra.database_thread import DatabaseThread
from bot.infra.postgres_dialect import FUNCTIONS, translate_query, translate_step
from bot.infra.postgres_rows import PostgresRow, make_rows
from bot.infra.sqlite_migrations import Migration, select_missing

T = TypeVar("T")
_Native = psycopg.Connection[PostgresRow]

_CONNECT_SECONDS = 10
# A transaction that waits longer for the other writer fails, as on SQLite. One whose program hangs
# is ended by the server, which lets the others go on.
_SETTINGS = """
    SET search_path TO {schema};
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
    SET statement_timeout = '120s';
    SET client_min_messages = warning;
"""
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_FULL = psycopg.errors.DiskFull
_READ_ONLY = (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege)


class PostgresConnection:
    """Implements `SqlConnection`. Transactions begin and end as they are asked to."""

    def __init__(self, native: _Native, lock: int, fence: str = "") -> None:
        self._native = native
        self._lock = lock
        self._fence = fence

    @classmethod
    def connect(cls, place: PostgresPlace, fence: str = "") -> Self:
        """Connect. `fence` is a statement that each writing transaction begins with.

        Raises `psycopg.Error`.
        """
        native = psycopg.connect(
            place.url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            row_factory=make_rows,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        native.execute(sql.SQL(_SETTINGS).format(schema=sql.Identifier(place.schema)))
        return cls(native, get_schema_lock(place.schema), fence)

    @property
    def is_broken(self) -> bool:
        """True if the server is gone."""
        return self._native.closed

    def execute(
        self, statement: str, parameters: Sequence[Any] = (), /
    ) -> psycopg.Cursor[PostgresRow]:
        """Run one statement of the common SQL."""
        values = {
            f"p{number}": value.replace("\0", "\N{REPLACEMENT CHARACTER}")
            if isinstance(value, str)
            else value
            for number, value in enumerate(parameters, 1)
        }
        return self._native.execute(translate_query(statement).encode(), values)

    def run_native(self, statement: str) -> None:
        """Run statements of PostgreSQL itself."""
        self._native.execute(statement.encode())

    def has_schema(self, place: PostgresPlace) -> bool:
        """Return whether the database has this schema."""
        found = self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (place.schema,))
        return found.fetchone() is not None

    def switch_schema(self, place: PostgresPlace) -> None:
        """Go on with another schema; within a writing transaction, without another writer of it."""
        self._native.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(place.schema)))
        self._lock = get_schema_lock(place.schema)
        if self._native.info.transaction_status != TransactionStatus.IDLE:
            self.run_native(f"SELECT pg_advisory_xact_lock({self._lock})")

    def begin_write(self, *, flushed: bool = True) -> None:
        """Begin a transaction without another writer of the schema, unless the fence refuses."""
        commit = "" if flushed else "SET LOCAL synchronous_commit = off;"
        # READ COMMITTED: after the wait for the lock, what others committed meanwhile is seen.
        begin = f"BEGIN ISOLATION LEVEL READ COMMITTED; {commit}"
        try:
            self.run_native(f"{begin} SELECT pg_advisory_xact_lock({self._lock}); {self._fence}")
        except psycopg.Error:
            self._roll_back()
            raise

    def begin_read(self) -> None:
        """Begin a transaction that sees the data as they are now."""
        self.run_native(_READ)

    def finish(self, work: Callable[[SqlConnection], T]) -> T:
        """Run `work` in the transaction that was begun, and commit; if it raises, roll back."""
        try:
            result = work(self)
            self.run_native("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return result

    def _roll_back(self) -> None:
        with suppress(psycopg.Error):  # the first error says what is wrong
            self.run_native("ROLLBACK")

    def migrate(self, place: PostgresPlace, migrations: Sequence[Migration]) -> None:
        """Create the schema or bring it up to date. Raises `ConfigError`."""
        self.begin_write()
        self.finish(lambda _: self._migrate(place, migrations))

    def _migrate(self, place: PostgresPlace, migrations: Sequence[Migration]) -> None:
        if not self.has_schema(place):
            name = sql.Identifier(place.schema).as_string(self._native)
            self.run_native(f"CREATE SCHEMA {name}")
        tables = {
            row[0]
            for row in self.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = ?", (place.schema,)
            )
        }
        if tables and "schema_migrations" not in tables:
            raise ConfigError(
                f"The schema {place.schema} of {place.name} has tables, but not those of Theseus. "
                "Name another database in THESEUS_STATE_URL."
            )
        if not tables:
            self.run_native(
                "CREATE TABLE schema_migrations (number BIGINT GENERATED ALWAYS AS IDENTITY, "
                "name TEXT NOT NULL UNIQUE, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
            )
            for function in FUNCTIONS:
                self.run_native(function)
        recorded = [
            row[0] for row in self.execute("SELECT name FROM schema_migrations ORDER BY number")
        ]
        for step in select_missing(migrations, recorded, f"The state in {place.name}"):
            for statement in _list_statements(step):
                self.run_native(statement)
            self.execute("INSERT INTO schema_migrations (name) VALUES (?)", (step.name,))

    def advance_numbers(self) -> None:
        """Let each table number its next row after those that were inserted with their numbers."""
        columns = self.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND is_identity = 'YES'"
            " AND table_name != 'schema_migrations'"
        ).fetchall()
        for table, column in columns:
            name, field = sql.Identifier(table), sql.Identifier(column)
            self._native.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({place}, {label}),"
                    " coalesce((SELECT max({field}) FROM {name}), 0) + 1, false)"
                ).format(place=table, label=column, field=field, name=name)
            )

    def close(self) -> None:
        """Close the connection."""
        self._native.close()


def list_schemas(place: PostgresPlace) -> frozenset[str]:
    """Return the names of all schemas of the database. Raises `ConfigError`."""
    try:
        with closing(PostgresConnection.connect(place)) as connection:
            return frozenset(
                row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")
            )
    except psycopg.Error as error:
        raise ConfigError(
            f"The state in {place.name} cannot be used: {describe_error(error)}."
        ) from error


def _list_statements(step: Migration) -> Sequence[str]:
    if step.postgres is not None:
        return step.postgres
    return [each for statement in step.statements for each in translate_step(statement)]


def get_schema_lock(schema: str) -> int:
    """Return the number of a schema's advisory lock, which is one for all programs."""
    digest = hashlib.sha256(f"theseus {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class _StaleConnection(Exception):
    """The connection was broken before the transaction began: it may be made again."""


class PostgresDatabase:
    """Implements `SqlDatabase` on a schema. Raises `error` for errors of PostgreSQL.

    A connection that broke is made again for the next transaction. A transaction that was under way
    is not repeated: whether it was committed is not known.
    """

    def __init__(
        self,
        place: PostgresPlace,
        migrations: Sequence[Migration],
        *,
        error: type[PortError],
        fence: WriteFence | None = None,
    ) -> None:
        self.place = place
        self.path = Path(place.name)
        self._migrations = tuple(migrations)
        self._error = error
        self._fence = fence
        self._thread: DatabaseThread[PostgresConnection] | None = None
        self.fault: StorageFault | None = None
        """What keeps the database from working, as last seen."""

    async def open(self) -> None:
        """Connect, and create the schema or bring it up to date. Raises `ConfigError`."""
        if self._thread is not None:
            return
        fence = self._fence
        thread = DatabaseThread(
            self.place.schema,
            lambda: PostgresConnection.connect(self.place, fence.statement if fence else ""),
            PostgresConnection.close,
        )
        try:
            await thread.run(lambda connection: connection.migrate(self.place, self._migrations))
        except psycopg.Error as error:
            await thread.close()
            raise ConfigError(
                f"The state in {self.place.name} cannot be used: {describe_error(error)}. Check "
                "THESEUS_STATE_URL, and that the server runs and lets this user in."
            ) from error
        except BaseException:
            await thread.close()
            raise
        self._thread = thread

    async def close(self) -> None:
        """Finish what was asked for and disconnect; again is harmless."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await thread.close()

    async def read(self, work: Callable[[SqlConnection], T]) -> T:
        """Run `work` on one unchanging view of the schema and return what it returns."""
        return await self._run(work, PostgresConnection.begin_read)

    async def write(self, work: Callable[[SqlConnection], T], *, flushed: bool = True) -> T:
        """Run `work` as one transaction, with no other writer of the schema at the same time."""
        return await self._run(work, lambda connection: connection.begin_write(flushed=flushed))

    async def probe(self) -> None:
        """Find out whether the database can be reached and written; `fault` is the answer."""
        if self._thread is None:
            return
        try:
            await self.write(_write_nothing, flushed=False)
        except PortError:
            return  # `fault` was set, unless another writer took too long
        self.fault = None

    async def purge(self) -> None:
        """Let PostgreSQL use the room of deleted rows again; backups and its log keep them."""
        await self._call(lambda connection: connection.run_native("VACUUM"))

    async def _run(
        self, work: Callable[[SqlConnection], T], begin: Callable[[PostgresConnection], None]
    ) -> T:
        def run(connection: PostgresConnection) -> T:
            try:
                begin(connection)
            except psycopg.OperationalError as error:
                if connection.is_broken:
                    raise _StaleConnection(describe_error(error)) from error
                raise
            return connection.finish(work)

        try:
            return await self._call(run)
        except _StaleConnection:
            pass  # the server was restarted since the last transaction
        try:
            return await self._call(run)
        except _StaleConnection as error:
            raise self._note_fault(StorageFaultKind.UNREACHABLE, str(error)) from error

    async def _call(self, work: Callable[[PostgresConnection], T]) -> T:
        thread = self._thread
        if thread is None:
            raise self._error(f"{self.place.name} is not open.")

        def run(connection: PostgresConnection) -> T:
            try:
                return work(connection)
            finally:
                if connection.is_broken:
                    thread.drop()

        try:
            return await thread.run(run)
        except psycopg.Error as error:
            raise self._build_error(error) from error

    def _build_error(self, error: psycopg.Error) -> PortError:
        if self._fence is not None and error.sqlstate == self._fence.sqlstate:
            self._fence.on_refusal()
            return LeadershipLost("Another process leads now, so nothing was written.")
        kind = _classify(error)
        if kind is not None:
            return self._note_fault(kind, describe_error(error))
        text = f"{self.place.name}: {describe_error(error)}"
        return self._error(text, detail=type(error).__name__)

    def _note_fault(self, kind: StorageFaultKind, cause: str) -> PortError:
        self.fault = StorageFault(kind=kind, file=self.path, cause=cause)
        return self._error(self.fault.text)


def check_connection(place: PostgresPlace) -> None:
    """Connect once. Blocking. Raises `ConfigError` if that does not work."""
    try:
        PostgresConnection.connect(place).close()
    except psycopg.Error as error:
        raise ConfigError(
            f"The state in {place.name} cannot be used: {describe_error(error)}."
        ) from error


def _write_nothing(connection: SqlConnection) -> None:
    """Update a row to what it is: a standby, or a database without room, refuses."""
    connection.execute("UPDATE schema_migrations SET name = name WHERE number = 1")


def _classify(error: psycopg.Error) -> StorageFaultKind | None:
    if isinstance(error, _FULL):
        return StorageFaultKind.FULL
    if isinstance(error, _READ_ONLY):
        return StorageFaultKind.READ_ONLY
    # Errors of the connection have no SQLSTATE, or one of the server's end (57P01 to 57P03).
    is_gone = error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
    if isinstance(error, psycopg.OperationalError) and is_gone:
        return StorageFaultKind.UNREACHABLE
    return None


def describe_error(error: psycopg.Error) -> str:
    """Return PostgreSQL's sentence, without the values in its details."""
    text = error.diag.message_primary or str(error)
    return " ".join(text.split()).rstrip(".")
