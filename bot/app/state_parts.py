"""The parts of the state: each is a file of SQLite, or a schema of PostgreSQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters import sqlite_ledger, sqlite_memory, sqlite_store, sqlite_traffic
from bot.adapters.sqlite_memory import Fts5Words, TableWords, index_again
from bot.domain.postgres_place import PostgresPlace
from bot.hot_reload import versions
from bot.infra.database import SqlConnection
from bot.infra.sqlite_migrations import Migration
from bot.infra.table_copy import CopiedTable


@dataclass(frozen=True)
class StatePart:
    """A part: its file in the state folder, its schema, its tables and how they came about."""

    file: str
    schema: str
    """The end of the schema's name; the store's own schema has no end."""
    migrations: Sequence[Migration]
    copied: Sequence[CopiedTable]
    index: Callable[[SqlConnection, bool], None] | None = None
    """Fills what is not copied, in a transaction of the target; true for PostgreSQL."""

    def get_file(self, folder: Path) -> Path:
        """Return its file in a state folder."""
        return folder / self.file

    def get_place(self, place: PostgresPlace) -> PostgresPlace:
        """Return its schema beside the store's."""
        return place.get_part(self.schema) if self.schema else place


def _index_memory(connection: SqlConnection, is_postgres: bool) -> None:
    index_again(connection, TableWords() if is_postgres else Fts5Words())


STORE = StatePart("theseus.sqlite3", "", sqlite_store.MIGRATIONS, sqlite_store.COPIED)
LEDGER = StatePart("ledger.sqlite3", "ledger", sqlite_ledger.MIGRATIONS, sqlite_ledger.COPIED)
MEMORY = StatePart(
    "memory.sqlite3", "memory", sqlite_memory.MIGRATIONS, sqlite_memory.COPIED, _index_memory
)
TRAFFIC = StatePart(
    "traffic/traffic.sqlite3", "traffic", sqlite_traffic.MIGRATIONS, sqlite_traffic.COPIED
)
VERSIONS = StatePart("live_items.sqlite3", "live_items", versions.MIGRATIONS, versions.COPIED)
PARTS = (STORE, LEDGER, MEMORY, TRAFFIC, VERSIONS)
