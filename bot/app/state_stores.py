"""The stores of runs, messages, audit entries and key-values, where the settings keep them."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bot.adapters.sqlite_store import (
    MIGRATIONS,
    SqlKeyValueStore,
    SqlOutbox,
    SqlRecordSearch,
    SqlStore,
)
from bot.domain.errors import ConfigError, StoreError
from bot.domain.postgres_place import STATE_URL, PostgresPlace
from bot.infra.database import SqlDatabase
from bot.infra.sqlite import Database
from bot.settings import Environment

if TYPE_CHECKING:  # the driver may not be installed
    from bot.infra.postgres import WriteFence

FILE = "theseus.sqlite3"


class StateStores:
    """Builds stores, not open yet, on the file of SQLite or on PostgreSQL.

    With PostgreSQL, the audit log's key and end stay in the state folder, or in `shared`: what the
    database's administrator changes there is found.
    """

    def __init__(
        self,
        folder: Path,
        place: PostgresPlace | None,
        fence: "WriteFence | None" = None,
        shared: Path | None = None,
    ) -> None:
        self._folder = folder
        self._shared = shared or folder
        self._place = place
        self._fence = fence

    @classmethod
    def find(
        cls, folder: Path, environment: Environment, fence: "WriteFence | None" = None
    ) -> Self:
        """Return the stores of a bot with this environment. Raises `ConfigError`.

        With `fence`, only the process that leads can write.
        """
        url = environment.theseus_state_url
        place = None if url is None else PostgresPlace.parse(url.get_secret_value())
        return cls(folder, place, fence, environment.theseus_shared)

    @property
    def missing_file(self) -> Path | None:
        """The file of SQLite, if it is to be used and does not exist; PostgreSQL has none."""
        file = self._folder / FILE
        return file if self._place is None and not file.exists() else None

    @property
    def anchor_folder(self) -> Path:
        """Where the audit log's key and end are: for all machines, if PostgreSQL has the log."""
        return self._folder if self._place is None else self._shared

    @property
    def place(self) -> PostgresPlace | None:
        """The schema of PostgreSQL, or `None`."""
        return self._place

    def check_server(self) -> None:
        """Raise `ConfigError` if PostgreSQL is to be used and does not let the bot in. Blocking."""
        if self._place is not None:
            require_driver()
            from bot.infra.postgres import check_connection

            check_connection(self._place)

    def build_store(self) -> SqlStore:
        """Return the store of runs and audit entries."""
        return SqlStore(self._build_database(check=True), self.anchor_folder)

    def build_search(self) -> SqlRecordSearch:
        """Return the search of its records."""
        return SqlRecordSearch(self._build_database())

    def build_outbox(self) -> SqlOutbox:
        """Return the outbox."""
        return SqlOutbox(self._build_database())

    def build_key_values(self) -> SqlKeyValueStore:
        """Return the key-value store."""
        return SqlKeyValueStore(self._build_database())

    def _build_database(self, *, check: bool = False) -> SqlDatabase:
        if self._place is None:
            return Database(self._folder / FILE, MIGRATIONS, error=StoreError, check=check)
        require_driver()
        from bot.infra.postgres import PostgresDatabase

        return PostgresDatabase(self._place, MIGRATIONS, error=StoreError, fence=self._fence)


def require_driver() -> None:
    """Raise `ConfigError` if the driver of PostgreSQL is not installed."""
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigError(
            f"{STATE_URL} is set, and the driver of PostgreSQL is missing. Install it: "
            "uv sync --extra postgres --inexact (or pip install 'theseus[postgres]')."
        )
