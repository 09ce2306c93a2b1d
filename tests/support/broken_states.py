"""Ways to break a state file while it is open, with errors that SQLite itself raises."""

from pathlib import Path

from bot.infra.database import SqlConnection, SqlDatabase
from bot.infra.sqlite import Database

_FIRST_HARMED = 2  # the first page is the header, which a connection knows by heart


async def corrupt_file(database: SqlDatabase) -> None:
    """Overwrite the pages of the file, as a failing disk does, and forget what was read of it."""
    await database.read(lambda connection: None)
    await _run(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = (
        await _fetch_value(database, "PRAGMA page_size"),
        await _fetch_value(database, "PRAGMA page_count"),
    )
    _overwrite(database.path, *size)
    await _run(database, "PRAGMA shrink_memory")


async def fill_disk(database: SqlDatabase) -> None:
    """Prevent the file from growing."""
    pages = await _fetch_value(database, "PRAGMA page_count")
    await _run(database, f"PRAGMA max_page_count = {pages}")


async def make_room(database: SqlDatabase) -> None:
    """Allow the file to grow again."""
    await _run(database, "PRAGMA max_page_count = 1073741823")


async def forbid_writing(database: SqlDatabase, *, forbidden: bool = True) -> None:
    """Refuse every write like a read-only file, or allow writing again."""
    await _run(database, f"PRAGMA query_only = {int(forbidden)}")


def _overwrite(path: Path, page_size: int, pages: int) -> None:
    with path.open("r+b") as file:
        file.seek(page_size * (_FIRST_HARMED - 1))
        file.write(b"\xa5" * page_size * (pages - _FIRST_HARMED + 1))


async def _run(database: SqlDatabase, statement: str) -> None:
    """Run a statement outside of any transaction, on the file's own connection."""
    assert isinstance(database, Database)
    own = database._connection
    assert own is not None
    await own.run(lambda connection: connection.execute(statement).fetchall())


async def _fetch_value(database: SqlDatabase, statement: str) -> int:
    def read(connection: SqlConnection) -> int:
        return int(connection.execute(statement).fetchone()[0])

    return await database.read(read)
