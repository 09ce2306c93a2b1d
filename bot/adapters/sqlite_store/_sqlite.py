"""The stores on the file of SQLite, each with its own connection."""

from collections.abc import Sequence
from pathlib import Path

from bot.adapters.sqlite_store._key_value_store import SqlKeyValueStore
from bot.adapters.sqlite_store._outbox import SqlOutbox
from bot.adapters.sqlite_store._record_search import SqlRecordSearch
from bot.adapters.sqlite_store._schema import MIGRATIONS
from bot.adapters.sqlite_store._store import SqlStore
from bot.domain.errors import StoreError
from bot.infra.sqlite import Database
from bot.infra.sqlite_migrations import Migration


class SqliteStore(SqlStore):
    """The store on a file. The audit log's key and end are beside the file."""

    def __init__(self, path: Path, *, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        super().__init__(Database(path, migrations, error=StoreError), path.parent)


class SqliteOutbox(SqlOutbox):
    """The outbox in the store's file."""

    def __init__(self, path: Path) -> None:
        super().__init__(_open_again(path))


class SqliteKeyValueStore(SqlKeyValueStore):
    """The key-value store in the store's file."""

    def __init__(self, path: Path) -> None:
        super().__init__(_open_again(path))


class SqliteRecordSearch(SqlRecordSearch):
    """The record search in the store's file."""

    def __init__(self, path: Path) -> None:
        super().__init__(_open_again(path))


def _open_again(path: Path) -> Database:
    return Database(path, MIGRATIONS, error=StoreError, check=False)
