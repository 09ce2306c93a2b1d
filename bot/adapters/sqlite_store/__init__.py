"""State in one SQLite file: the store, questions about it, the outbox, the key-value store."""

from bot.adapters.sqlite_store._audit_check import checked
from bot.adapters.sqlite_store._audit_rows import AuditRow
from bot.adapters.sqlite_store._key_value_store import SqliteKeyValueStore
from bot.adapters.sqlite_store._outbox import SqliteOutbox
from bot.adapters.sqlite_store._record_search import SqliteRecordSearch
from bot.adapters.sqlite_store._store import SqliteStore

__all__ = [
    "AuditRow",
    "SqliteKeyValueStore",
    "SqliteOutbox",
    "SqliteRecordSearch",
    "SqliteStore",
    "checked",
]
