"""State in one SQLite file: the store, the outbox's rows, and the shelf."""

from bot.adapters.sqlite_store._audit_check import checked
from bot.adapters.sqlite_store._audit_rows import Row
from bot.adapters.sqlite_store._outbox import SqliteOutbox
from bot.adapters.sqlite_store._shelf import SqliteShelf
from bot.adapters.sqlite_store._store import SqliteStore

__all__ = ["Row", "SqliteOutbox", "SqliteShelf", "SqliteStore", "checked"]
