"""State in one SQLite file: the store, and the outbox's rows."""

from bot.adapters.sqlite_store._outbox import SqliteOutbox
from bot.adapters.sqlite_store._store import SqliteStore

__all__ = ["SqliteOutbox", "SqliteStore"]
