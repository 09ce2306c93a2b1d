"""The state in one SQLite file or PostgreSQL schema: the store, the outbox, the key-value store.

`Sqlite...` opens the file; `Sql...` takes any database with the schema `MIGRATIONS`.
"""

from bot.adapters.sqlite_store._audit_check import check_rows
from bot.adapters.sqlite_store._audit_rows import AuditRow
from bot.adapters.sqlite_store._key_value_store import SqlKeyValueStore
from bot.adapters.sqlite_store._outbox import SqlOutbox
from bot.adapters.sqlite_store._record_search import SqlRecordSearch
from bot.adapters.sqlite_store._schema import COPIED, MIGRATIONS
from bot.adapters.sqlite_store._sqlite import (
    SqliteKeyValueStore,
    SqliteOutbox,
    SqliteRecordSearch,
    SqliteStore,
)
from bot.adapters.sqlite_store._store import SqlStore

__all__ = [
    "COPIED",
    "MIGRATIONS",
    "AuditRow",
    "SqlKeyValueStore",
    "SqlOutbox",
    "SqlRecordSearch",
    "SqlStore",
    "SqliteKeyValueStore",
    "SqliteOutbox",
    "SqliteRecordSearch",
    "SqliteStore",
    "check_rows",
]
