"""The ledger of costs, in a file of SQLite or a schema of PostgreSQL of its own."""

from bot.adapters.sqlite_ledger._ledger import SqliteLedger, SqlLedger
from bot.adapters.sqlite_ledger._ownership import LedgerSessionLock
from bot.adapters.sqlite_ledger._schema import COPIED, MIGRATIONS

__all__ = ["COPIED", "MIGRATIONS", "LedgerSessionLock", "SqlLedger", "SqliteLedger"]
