"""The ledger in an SQLite file of its own."""

from bot.adapters.sqlite_ledger._ledger import SqliteLedger
from bot.adapters.sqlite_ledger._schema import MIGRATIONS

__all__ = ["MIGRATIONS", "SqliteLedger"]
