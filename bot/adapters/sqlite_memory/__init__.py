"""Memories in a database of their own, found by failure and by words."""

from bot.adapters.sqlite_memory._fts5_words import Fts5Words
from bot.adapters.sqlite_memory._memory import SqliteMemory, SqlMemory, index_again
from bot.adapters.sqlite_memory._schema import COPIED, MIGRATIONS
from bot.adapters.sqlite_memory._table_words import TableWords

__all__ = [
    "COPIED",
    "MIGRATIONS",
    "Fts5Words",
    "SqlMemory",
    "SqliteMemory",
    "TableWords",
    "index_again",
]
