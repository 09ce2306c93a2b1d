"""The ledger in an SQLite file of its own."""

from bot.adapters.sqlite_ledger._ledger import SqliteLedger

__all__ = ["SqliteLedger"]
