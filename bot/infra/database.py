"""What an adapter needs of a database, whichever it is: a file of SQLite, or PostgreSQL.

A transaction is a plain function of a connection. Its SQL is what both understand: values are `?`
or `?1`, `?2`; JSON is read with `json_extract`, text is searched with `instr`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

from bot.domain.storage import StorageFault

T = TypeVar("T")


class SqlRow(Protocol):
    """A row of a result, by position and by name."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return the value of a column."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the values."""
        ...


class SqlCursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """The number of rows that were changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or `None`."""
        ...

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows that are left."""
        ...


class SqlConnection(Protocol):
    """A connection within a transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> SqlCursor:
        """Run one statement."""
        ...


class SqlDatabase(Protocol):
    """A database that is opened, migrated, and used by one transaction at a time."""

    @property
    def path(self) -> Path:
        """The file, or a path that stands for the database in messages."""
        ...

    @property
    def fault(self) -> StorageFault | None:
        """What keeps the database from working, as last seen."""
        ...

    async def open(self) -> None:
        """Open the database and bring its schema up to date. Raises `ConfigError`."""
        ...

    async def close(self) -> None:
        """Close it; again is harmless."""
        ...

    async def read(self, work: Callable[[SqlConnection], T]) -> T:
        """Run `work` on one unchanging view of the data and return what it returns."""
        ...

    async def write(self, work: Callable[[SqlConnection], T], *, flushed: bool = True) -> T:
        """Run `work` as one transaction, with no other writer at the same time."""
        ...

    async def probe(self) -> None:
        """Find out whether the database can be written; `fault` is the answer."""
        ...

    async def purge(self) -> None:
        """Erase deleted data as far as the database can."""
        ...


D = TypeVar("D", bound=SqlDatabase)


class SqlDatabaseOwner(Generic[D]):
    """A base class for objects that own a database, and open and close it."""

    def __init__(self, database: D) -> None:
        self._database = database

    @property
    def database(self) -> D:
        """The database, for the storage watch."""
        return self._database

    async def open(self) -> None:
        """Open the database and bring its schema up to date. Raises `ConfigError`."""
        await self._database.open()

    async def close(self) -> None:
        """Close the database; again is harmless."""
        await self._database.close()

    async def purge(self) -> None:
        """Erase deleted data."""
        await self._database.purge()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def stamp(at: datetime) -> str:
    """Return a time as text that sorts: UTC, six digits of microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
