"""The ledger of costs, in its own SQLite file."""

from bot.adapters.sqlite_ledger._ledger import SqliteLedger
from bot.adapters.sqlite_ledger._schema import MIGRATIONS

__all__ = ["MIGRATIONS", "SqliteLedger"]
