"""The memory's schema as named migrations. A released migration is never edited."""

from bot.infra.postgres_dialect import translate_step
from bot.infra.sqlite_migrations import Migration
from bot.infra.table_copy import CopiedTable

PLACES = ("fingerprint", "function", "file", "event")
"""The columns that say where a failure was."""


def _create_index_sql(place: str) -> str:
    return f"CREATE INDEX memories_by_{place} ON memories ({place}, kind, standing, at)"


_MEMORIES = (
    """
    CREATE TABLE memories (
        number INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        fingerprint TEXT,
        function TEXT,
        file TEXT,
        event TEXT,
        standing INTEGER NOT NULL,
        at TEXT NOT NULL,
        body TEXT NOT NULL
    )
    """,
    *map(_create_index_sql, PLACES),
    "CREATE INDEX memories_by_age ON memories (kind, at)",
    "CREATE INDEX memories_by_time ON memories (at)",
)
# Without FTS5, the words are rows; `_table_words.py` reads them.
_WORDS = (
    """
    CREATE TABLE memory_words (
        word TEXT COLLATE "C" NOT NULL,
        number BIGINT NOT NULL,
        kind TEXT COLLATE "C" NOT NULL,
        words BIGINT NOT NULL,
        PRIMARY KEY (word, number)
    )
    """,
    "CREATE INDEX memory_words_by_number ON memory_words (number)",
    "CREATE TABLE memory_totals (memories BIGINT NOT NULL, words BIGINT NOT NULL)",
    "INSERT INTO memory_totals VALUES (0, 0)",
)

MIGRATIONS = (
    Migration(
        "0001_memories",
        (
            *_MEMORIES,
            "CREATE VIRTUAL TABLE memory_words USING fts5 (words, kind, tokenize = 'ascii')",
        ),
        postgres=(*(each for step in _MEMORIES for each in translate_step(step)), *_WORDS),
    ),
)
# The words are not copied: they are indexed again.
COPIED = (
    CopiedTable.describe(
        "memories", "number", "number key kind fingerprint function file event standing at body"
    ),
)
"""What a copy of the memory contains."""
