"""The store's schema as named migrations. A released migration is never edited.

Times are text in UTC, always with six digits of microseconds, so that they sort chronologically.
Bodies are the records' JSON; the other columns are those that queries need.
"""

from bot.infra.sqlite_migrations import Migration
from bot.infra.table_copy import CopiedTable

RUNS_AND_RECORDS = Migration(
    "0001_runs_and_stage_records",
    (
        """
        CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            trigger_key TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            thread_id INTEGER,
            created_at TEXT NOT NULL,
            version INTEGER NOT NULL,
            lease_owner TEXT,
            lease_until TEXT,
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX runs_by_status ON runs (status, created_at)",
        "CREATE INDEX runs_by_thread ON runs (thread_id) WHERE thread_id IS NOT NULL",
        """
        CREATE TABLE stage_records (
            run_id TEXT NOT NULL REFERENCES runs (id),
            kind TEXT NOT NULL,
            number INTEGER NOT NULL,
            at TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run_id, kind, number)
        )
        """,
    ),
)

_APPEND_ONLY = (
    """
    CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
    """,
    """
    CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
    """,
    # INSERT OR REPLACE removes a row without the trigger on DELETE.
    """
    CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
    """,
)


def _append_only(table: str, same: str) -> tuple[str, ...]:
    return tuple(statement.format(table=table, same=same) for statement in _APPEND_ONLY)


APPROVALS_AND_AUDIT = Migration(
    "0002_approvals_and_audit_log",
    (
        """
        CREATE TABLE approvals (
            run_id TEXT NOT NULL REFERENCES runs (id),
            head TEXT NOT NULL,
            person_id INTEGER NOT NULL,
            at TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run_id, head)
        )
        """,
        """
        CREATE TABLE audit_log (
            number INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            run_id TEXT,
            action TEXT NOT NULL,
            body TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE
        )
        """,
        "CREATE INDEX audit_by_run ON audit_log (run_id) WHERE run_id IS NOT NULL",
        *_append_only("approvals", "run_id = NEW.run_id AND head = NEW.head"),
        *_append_only("audit_log", "number >= NEW.number OR hash = NEW.hash"),
        *_append_only(
            "stage_records", "run_id = NEW.run_id AND kind = NEW.kind AND number = NEW.number"
        ),
    ),
)

OUTBOX = Migration(
    "0003_outbox",
    (
        """
        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            channel_id INTEGER NOT NULL,
            post TEXT NOT NULL,
            nonce TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
            sent_channel_id INTEGER,
            message_id INTEGER,
            reason TEXT NOT NULL DEFAULT ''
        )
        """,
        "CREATE INDEX outbox_pending ON outbox (number) WHERE state = 'pending'",
    ),
)

KEY_VALUES = Migration(
    "0004_shelf",
    ("CREATE TABLE shelf (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",),
)

SEALED_AUDIT = Migration(
    "0005_sealed_audit_log",
    (
        "ALTER TABLE audit_log ADD COLUMN seal TEXT NOT NULL DEFAULT ''",
        "DROP TRIGGER audit_log_no_delete",
        # Old entries may be removed once a later checkpoint covers them.
        """
        CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
        WHEN NOT EXISTS (
            SELECT 1 FROM audit_log WHERE action = 'audit.checkpoint' AND number > OLD.number
            AND CAST(json_extract(body, '$.cut') AS INTEGER) >= OLD.number
        )
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END
        """,
    ),
)

# Without this index, each removed row would scan all remaining rows for its checkpoint.
AUDIT_CHECKPOINTS = Migration(
    "0006_audit_checkpoints",
    ("CREATE INDEX audit_checkpoints ON audit_log (number) WHERE action = 'audit.checkpoint'",),
)

# The records of runs may be removed with them, once they are older than `retention`.
RETENTION = Migration(
    "0007_retention_of_runs",
    (
        "CREATE TABLE retention (before TEXT NOT NULL)",
        "INSERT INTO retention VALUES ('')",
        *(
            statement.format(table=table)
            for table in ("stage_records", "approvals")
            for statement in (
                "DROP TRIGGER {table}_no_delete",
                """
                CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
                WHEN coalesce((SELECT created_at FROM runs WHERE id = OLD.run_id), '9')
                    >= (SELECT before FROM retention)
                BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
                """,
            )
        ),
    ),
)

# Before this migration, the reason's text alone showed what a run waits for: it is parsed here.
_WAITED_FOR = """
    CASE
        WHEN {stage} = 'ship' THEN CASE
            WHEN {parked} IS NOT NULL THEN 'forge'
            WHEN {reason} LIKE 'Not shipped:%' THEN 'unshipped'
            WHEN {reason} LIKE 'The revision came to nothing:%' THEN 'unrevised'
            WHEN {reason} LIKE 'I wait with it:%' THEN 'thread'
            WHEN {reason} = '' THEN 'approval'
            ELSE 'stopped' END
        WHEN {parked} IS NOT NULL THEN CASE
            WHEN {reason} LIKE '⏸️ Held before the next step.%' THEN 'paused'
            WHEN {reason} = 'Waiting for an answer.' THEN 'question'
            WHEN {reason} LIKE '⏸️ The % engine has begun as many changes%' THEN 'turn'
            WHEN {reason} LIKE '%`budget.%' THEN 'budget'
            ELSE 'usage_limit' END
        WHEN {reason} = '' THEN 'thread'
        WHEN {reason} LIKE 'I wait with it:%' THEN 'thread'
        ELSE 'stopped' END
""".format(
    stage="json_extract(body, '$.stage')",
    reason="coalesce(json_extract(body, '$.reason'), '')",
    parked="json_extract(body, '$.parked_until')",
)
WAITING = Migration(
    "0008_what_runs_wait_for",
    (
        f"UPDATE runs SET body = json_set(body, '$.waiting', {_WAITED_FOR})"  # noqa: S608  # ours
        " WHERE status = 'waiting'",
    ),
    postgres=(),  # PostgreSQL came later and has no runs of before
)

REFUSED_MESSAGES = Migration(
    "0009_refused_messages",
    ("CREATE INDEX outbox_failed ON outbox (number) WHERE state = 'failed'",),
)

# Finds the newest runs, and those of a time, without reading all runs.
RUNS_BY_TIME = Migration("0010_runs_by_time", ("CREATE INDEX runs_by_time ON runs (created_at)",))

# A chained row can never change, so people's notes have their own table, which can be erased.
AUDIT_NOTES = Migration(
    "0011_audit_notes",
    (
        """
        CREATE TABLE audit_notes (
            number INTEGER PRIMARY KEY,
            person_id INTEGER,
            salt TEXT NOT NULL,
            text TEXT NOT NULL
        )
        """,
        "CREATE INDEX audit_notes_by_person ON audit_notes (person_id)",
    ),
)

# Sent and refused messages are looked up only by their keys, so their texts are deleted.
SETTLED_MESSAGES = Migration(
    "0012_settled_messages_without_text",
    ("UPDATE outbox SET post = '' WHERE state != 'pending'",),
)

MIGRATIONS = (
    RUNS_AND_RECORDS, APPROVALS_AND_AUDIT, OUTBOX, KEY_VALUES, SEALED_AUDIT, AUDIT_CHECKPOINTS,
    RETENTION, WAITING, REFUSED_MESSAGES, RUNS_BY_TIME, AUDIT_NOTES, SETTLED_MESSAGES,
)  # fmt: skip

# `retention` has one row, which migrations make.
COPIED = (
    CopiedTable.describe(
        "runs", "rowid",
        "id trigger_key status thread_id created_at version lease_owner lease_until body",
    ),
    CopiedTable.describe("stage_records", "run_id kind number", "run_id kind number at body"),
    CopiedTable.describe("approvals", "run_id head", "run_id head person_id at body"),
    CopiedTable.describe("audit_log", "number", "number at run_id action body previous hash seal"),
    CopiedTable.describe("audit_notes", "number", "number person_id salt text"),
    CopiedTable.describe(
        "outbox", "number", "number key channel_id post nonce state sent_channel_id message_id"
        " reason",
    ),
    CopiedTable.describe("shelf", "name", "name body"),
)  # fmt: skip
"""What a copy of the store contains, in the order in which rows refer to each other."""
