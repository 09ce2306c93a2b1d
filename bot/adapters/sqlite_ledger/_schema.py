"""The ledger's schema as named migrations. A released migration is never edited.

Times are text in UTC, always with six digits of microseconds, so that they sort chronologically.
"""

from bot.infra.sqlite_migrations import Migration
from bot.infra.table_copy import CopiedTable

MIGRATIONS = (
    Migration(
        "0001_charges",
        (
            """
            CREATE TABLE charges (
                number INTEGER PRIMARY KEY,
                id TEXT NOT NULL UNIQUE,
                at TEXT NOT NULL,
                run_id TEXT,
                person_id INTEGER NOT NULL,
                purpose TEXT NOT NULL,
                model TEXT NOT NULL,
                outcome TEXT NOT NULL,
                cost_usd REAL NOT NULL,
                tokens_in INTEGER NOT NULL,
                tokens_out INTEGER NOT NULL,
                body TEXT NOT NULL
            )
            """,
            # with all summed columns, so that a sum reads only the index
            "CREATE INDEX charges_by_time ON charges (at, cost_usd, tokens_in, tokens_out)",
            "CREATE INDEX charges_by_person"
            " ON charges (person_id, at, cost_usd, tokens_in, tokens_out)",
            "CREATE INDEX charges_by_run ON charges (run_id, at, cost_usd, tokens_in, tokens_out)"
            " WHERE run_id IS NOT NULL",
            # charges before this time may be removed; empty: none
            "CREATE TABLE retention (before TEXT NOT NULL)",
            "INSERT INTO retention VALUES ('')",
            """
            CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges
            BEGIN SELECT RAISE(ABORT, 'charges are append-only'); END
            """,
            """
            CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
            WHEN OLD.at >= (SELECT before FROM retention)
            BEGIN SELECT RAISE(ABORT, 'charges are append-only'); END
            """,
            # INSERT OR REPLACE removes a row without the trigger on DELETE
            """
            CREATE TRIGGER charges_no_replace BEFORE INSERT ON charges
            WHEN EXISTS (SELECT 1 FROM charges WHERE id = NEW.id OR number = NEW.number)
            BEGIN SELECT RAISE(ABORT, 'charges are append-only'); END
            """,
            """
            CREATE TABLE forgotten (
                run_id TEXT NOT NULL,
                person_id INTEGER NOT NULL,
                cost_usd REAL NOT NULL,
                tokens_in INTEGER NOT NULL,
                tokens_out INTEGER NOT NULL,
                PRIMARY KEY (run_id, person_id)
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE begun (
                run_key TEXT NOT NULL,
                agent TEXT NOT NULL,
                at TEXT NOT NULL,
                PRIMARY KEY (run_key, agent)
            ) WITHOUT ROWID
            """,
            "CREATE INDEX begun_by_agent ON begun (agent, at)",
        ),
    ),
    Migration(
        "0002_holds",
        # charges of requests in progress; if a program dies, its entries here are charged
        ("CREATE TABLE holds (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",),
    ),
)

# `retention` has one row, which migrations make.
COPIED = (
    CopiedTable.describe(
        "charges", "number", "number id at run_id person_id purpose model outcome cost_usd"
        " tokens_in tokens_out body",
    ),
    CopiedTable.describe(
        "forgotten", "run_id person_id", "run_id person_id cost_usd tokens_in tokens_out"
    ),
    CopiedTable.describe("begun", "run_key agent", "run_key agent at"),
    CopiedTable.describe("holds", "id", "id body"),
)  # fmt: skip
"""What a copy of the ledger contains."""
