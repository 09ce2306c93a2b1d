"""The state in one SQLite file: the store, the outbox, and the key-value store."""

from bot.adapters.sqlite_store._audit_check import check_rows
from bot.adapters.sqlite_store._audit_rows import AuditRow
from bot.adapters.sqlite_store._key_value_store import SqliteKeyValueStore
from bot.adapters.sqlite_store._outbox import SqliteOutbox
from bot.adapters.sqlite_store._record_search import SqliteRecordSearch
from bot.adapters.sqlite_store._schema import MIGRATIONS
from bot.adapters.sqlite_store._store import SqliteStore

__all__ = [
    "MIGRATIONS",
    "AuditRow",
    "SqliteKeyValueStore",
    "SqliteOutbox",
    "SqliteRecordSearch",
    "SqliteStore",
    "check_rows",
]
