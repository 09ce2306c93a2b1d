"""The stores of all that the bot keeps, where the settings keep them."""

import hashlib
import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Self

import structlog
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal, move_files
from bot.adapters.sqlite_ledger import LedgerSessionLock, SqliteLedger, SqlLedger
from bot.adapters.sqlite_memory import SqliteMemory, SqlMemory, TableWords
from bot.adapters.sqlite_store import SqlKeyValueStore, SqlOutbox, SqlRecordSearch, SqlStore
from bot.adapters.sqlite_traffic import SqliteTraffic, SqlTraffic
from bot.app.state_parts import LEDGER, MEMORY, PARTS, STORE, TRAFFIC, VERSIONS, StatePart
from bot.domain.errors import ConfigError, StoreError
from bot.domain.journal import Action
from bot.domain.leadership import WriteFence
from bot.domain.postgres_place import STATE_URL, PostgresPlace
from bot.domain.traffic import TrafficBounds
from bot.hot_reload.versions import SqlVersionRepository
from bot.infra.database import SqlDatabase
from bot.infra.sqlite import Database
from bot.settings import Environment

_log = structlog.stdlib.get_logger(__name__)


class StateStores:
    """Builds stores, not open yet, on files of SQLite or on schemas of PostgreSQL.

    With PostgreSQL, the audit log's key and end stay in the state folder, or in `shared`: what the
    database's administrator changes there is found.
    """

    def __init__(
        self,
        folder: Path,
        place: PostgresPlace | None,
        fence: WriteFence | None = None,
        shared: Path | None = None,
    ) -> None:
        self._folder = folder
        self._shared = shared or folder
        self._place = place
        self._fence = fence

    @classmethod
    def find(cls, folder: Path, environment: Environment, fence: WriteFence | None = None) -> Self:
        """Return the stores of a bot with this environment. Raises `ConfigError`.

        With `fence`, only the process that leads can write.
        """
        url = environment.theseus_state_url
        place = None if url is None else PostgresPlace.parse(url.get_secret_value())
        return cls(folder, place, fence, environment.theseus_shared)

    def find_missing_file(self, part: StatePart = STORE) -> Path | None:
        """Return the file of SQLite, if it is to be used and does not exist.

        PostgreSQL has none.
        """
        file = part.get_file(self._folder)
        return file if self._place is None and not file.exists() else None

    @property
    def anchor_folder(self) -> Path:
        """Where the audit log's key and end are: for all machines, if PostgreSQL has the log."""
        return self._folder if self._place is None else self._shared

    @property
    def journal_folder(self) -> Path:
        """Where the journal's files are: for all machines, if PostgreSQL has the state."""
        return self.anchor_folder / "journal"

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

    def require_copied(self) -> None:
        """Raise `ConfigError` for a part that is in a file and not in PostgreSQL yet. Blocking.

        The bot would start without it, and nobody would notice.
        """
        if self._place is None:
            return
        require_driver()
        from bot.infra.postgres import list_schemas

        present = list_schemas(self._place)
        for part in PARTS:
            file, schema = part.get_file(self._folder), part.get_place(self._place).schema
            if file.exists() and schema not in present:
                raise ConfigError(
                    f"{STATE_URL} is set, and {self._place.name} has no schema {schema} yet, but "
                    f"{file} exists. Copy all of the state with `theseus state copy --to "
                    "postgresql`, or move that file away to start without it."
                )

    def share_journal(self) -> None:
        """Move this machine's own journal to where all machines read it. Raises `ConfigError`."""
        own = self._folder / "journal"
        if own == self.journal_folder:
            return
        try:
            staying = move_files(own, self.journal_folder, self._writer)
        except OSError as error:
            raise ConfigError(f"{own} cannot be moved to {self.journal_folder}: {error}") from error
        for file in staying:
            _log.warning("%s is not read: %s has its day already", file, self.journal_folder)

    def build_journal(self, on_record: Callable[[Action], None] | None = None) -> NdjsonJournal:
        """Return the journal. In a shared folder, it appends to files of this machine."""
        return NdjsonJournal(
            self._folder, redact=redact, on_record=on_record, folder=self.journal_folder,
            writer="" if self.anchor_folder == self._folder else self._writer,
        )  # fmt: skip

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

    def build_memory(self) -> SqlMemory:
        """Return the memory."""
        if self._place is None:
            return SqliteMemory(MEMORY.get_file(self._folder), redact=redact)
        return SqlMemory(self._build_schema(self._place, MEMORY), TableWords(), redact=redact)

    def build_ledger(self) -> SqlLedger:
        """Return the ledger."""
        if self._place is None:
            return SqliteLedger(LEDGER.get_file(self._folder))
        return SqlLedger(self._build_schema(self._place, LEDGER), LedgerSessionLock())

    def build_traffic(self, bounds: TrafficBounds | None = None) -> SqlTraffic:
        """Return the log of traffic."""
        if self._place is None:
            return SqliteTraffic(TRAFFIC.get_file(self._folder), redact=redact, bounds=bounds)
        return SqlTraffic(self._build_schema(self._place, TRAFFIC), redact=redact, bounds=bounds)

    def build_versions(self, max_versions: int) -> SqlVersionRepository:
        """Return the versions of live items."""
        return SqlVersionRepository(
            self._build_database(VERSIONS, check=True), max_versions=max_versions
        )

    @property
    def _writer(self) -> str:
        return hashlib.sha256(format_process_name(self._folder).encode()).hexdigest()[:12]

    def _build_database(self, part: StatePart = STORE, *, check: bool = False) -> SqlDatabase:
        if self._place is not None:
            return self._build_schema(self._place, part)
        file = part.get_file(self._folder)
        return Database(file, part.migrations, error=StoreError, check=check)

    def _build_schema(self, place: PostgresPlace, part: StatePart) -> SqlDatabase:
        require_driver()
        from bot.infra.postgres import PostgresDatabase

        return PostgresDatabase(
            part.get_place(place), part.migrations, error=StoreError, fence=self._fence
        )


def format_process_name(state: Path) -> str:
    """Return the machine and the state folder, which tell the processes of a bot apart."""
    return f"{socket.gethostname()}:{state.resolve()}"


def require_driver() -> None:
    """Raise `ConfigError` if the driver of PostgreSQL is not installed."""
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigError(
            f"{STATE_URL} is set, and the driver of PostgreSQL is missing. Install it: "
            "uv sync --extra postgres --inexact (or pip install 'theseus[postgres]')."
        )
