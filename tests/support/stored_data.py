"""The table of stored data in docs/privacy.md, made from the schemas of all databases.

`python -m tests.support.stored_data` writes it there; a test compares. The test fails for a column
that is in a schema and not below, so each new column must be classified as personal data or not.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.adapters import research, sqlite_ledger, sqlite_memory, sqlite_store, sqlite_traffic
from bot.adapters.ndjson_journal import _index as journal_index
from bot.hot_reload import versions
from bot.infra import forge_pulls
from bot.infra.sqlite_migrations import Migration

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
_BEGIN, _END = "<!-- stored data: generated -->\n", "<!-- end of what is generated -->\n"

MIGRATIONS: Mapping[str, Sequence[Migration]] = {
    "theseus.sqlite3": sqlite_store.MIGRATIONS,
    "traffic/traffic.sqlite3": sqlite_traffic.MIGRATIONS,
    "memory.sqlite3": sqlite_memory.MIGRATIONS,
    "ledger.sqlite3": sqlite_ledger.MIGRATIONS,
    "live_items.sqlite3": versions.MIGRATIONS,
    "journal.sqlite3": journal_index.MIGRATIONS,
    "forge.sqlite3": forge_pulls.MIGRATIONS,
    "cache/research.sqlite3": research.MIGRATIONS,
}


class StoredTable(NamedTuple):
    """A table: the columns that hold something of people, what that is, and if it is erased."""

    of_people: str
    summary: str
    erased: str
    others: str = ""


_NO = "no"
_NOT_APPLICABLE = "-"
TABLES: Mapping[tuple[str, str], StoredTable] = {
    ("theseus.sqlite3", "runs"): StoredTable(
        "body", "who asked, with name and text", _NO,
        "id trigger_key status thread_id created_at version lease_owner lease_until",
    ),
    ("theseus.sqlite3", "stage_records"): StoredTable(
        "body", "what a run found: failures by pseudonym, answers of people who take part", _NO,
        "run_id kind number at",
    ),
    ("theseus.sqlite3", "approvals"): StoredTable(
        "person_id body", "who let a change ship", _NO, "run_id head at"
    ),
    ("theseus.sqlite3", "audit_log"): StoredTable(
        "body", "who did what: id and name, without texts; rows of older versions have them", _NO,
        "number at run_id action previous hash seal",
    ),
    ("theseus.sqlite3", "audit_notes"): StoredTable(
        "person_id text", "what they said with an entry of the audit log", "yes", "number salt"
    ),
    ("theseus.sqlite3", "outbox"): StoredTable(
        "post", "messages that wait to be sent; empty once they are sent or refused",
        "yes, those that name them",
        "number key channel_id nonce state sent_channel_id message_id reason",
    ),
    ("theseus.sqlite3", "shelf"): StoredTable(
        "body",
        "talk, wishes, goals, votes, reports of faults, corrections, calls of tools, notices",
        "yes",
        "name",
    ),
    ("theseus.sqlite3", "retention"): StoredTable("", _NOT_APPLICABLE, _NOT_APPLICABLE, "before"),
    ("traffic/traffic.sqlite3", "traffic"): StoredTable(
        "form variety body", "what was asked of cogs: pseudonyms, stand-ins where it was private",
        "yes", "id short at event ok",
    ),
    ("memory.sqlite3", "memories"): StoredTable(
        "body", "notes, with who had them made", "yes",
        "number key kind fingerprint function file event standing at",
    ),
    ("memory.sqlite3", "memory_words"): StoredTable("words", "the words of notes", "yes", "kind"),
    ("ledger.sqlite3", "charges"): StoredTable(
        "person_id", "who caused a cost", _NO,
        "number id at run_id purpose model outcome cost_usd tokens_in tokens_out body",
    ),
    ("ledger.sqlite3", "forgotten"): StoredTable(
        "person_id", "the sums of older costs", _NO, "run_id cost_usd tokens_in tokens_out"
    ),
    ("ledger.sqlite3", "retention"): StoredTable("", _NOT_APPLICABLE, _NOT_APPLICABLE, "before"),
    ("ledger.sqlite3", "begun"): StoredTable("", _NOT_APPLICABLE, _NOT_APPLICABLE,
        "run_key agent at"),
    ("ledger.sqlite3", "holds"): StoredTable("", _NOT_APPLICABLE, _NOT_APPLICABLE, "id body"),
    ("live_items.sqlite3", "items"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE, "kind name version newest mark rolled_back"
    ),
    ("live_items.sqlite3", "versions"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE, "kind name number at body content"
    ),
    ("journal.sqlite3", "files"): StoredTable("", _NOT_APPLICABLE, _NOT_APPLICABLE,
        "number name indexed low"),
    ("journal.sqlite3", "records"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE,
        "file start length ts id short event outcome channel_id fingerprint",
    ),
    ("journal.sqlite3", "damaged"): StoredTable("", _NOT_APPLICABLE, _NOT_APPLICABLE,
        "file start length"),
    ("forge.sqlite3", "pulls"): StoredTable(
        "body", "pull requests of the local forge: who asked, by name", _NO,
        "number run_id branch base_branch title state published base_at_opening merge_commit undoes"
        " reason opened_at updated_at",
    ),
    ("forge.sqlite3", "issues"): StoredTable(
        "title body author", "issues of the local forge", _NO, "number labels state opened_at"
    ),
    ("forge.sqlite3", "issue_comments"): StoredTable("text", "comments on them", _NO,
        "issue key at"),
    ("cache/research.sqlite3", "read_passages"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE, "key at body"
    ),
    ("cache/research.sqlite3", "run_turns"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE, "run_id at turns"
    ),
    ("cache/research.sqlite3", "indexed_packages"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE, "name at"
    ),
    ("cache/research.sqlite3", "package_words"): StoredTable(
        "", _NOT_APPLICABLE, _NOT_APPLICABLE,
        "name package kind version locator text words",
    ),
}  # fmt: skip


def read_schema() -> dict[tuple[str, str], frozenset[str]]:
    """Return the columns of every table of every database, as its migrations make them."""
    found = {}
    for file, migrations in MIGRATIONS.items():
        with sqlite3.connect(":memory:") as database:
            for migration in migrations:
                for statement in migration.statements:
                    database.execute(statement)
            tables = database.execute("PRAGMA table_list").fetchall()
            for _, table, kind, *_ in tables:
                if kind != "shadow" and not table.startswith("sqlite_"):
                    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
                    found[file, table] = frozenset(column[1] for column in columns)
        database.close()
    return found


def list_classified() -> dict[tuple[str, str], frozenset[str]]:
    """Return the columns that are described above."""
    return {
        where: frozenset(f"{each.of_people} {each.others}".split())
        for where, each in TABLES.items()
    }


def render_table() -> str:
    """Return the table, as Markdown."""
    lines = ["| table | columns | what they hold of people | erased |", "|---|---|---|---|"]
    for (file, table), each in TABLES.items():
        columns = ", ".join(f"`{name}`" for name in each.of_people.split())
        if columns:
            where = f"`{table}` in `{file}`"
            lines.append(f"| {where} | {columns} | {each.summary} | {each.erased} |")
    without = ", ".join(
        f"`{table}` in `{file}`" for (file, table), each in TABLES.items() if not each.of_people
    )
    return "\n".join([*lines, "", f"Without anything of people: {without}.", ""])


def replace_table(document: str) -> str:
    """Return the document with the table as it is now."""
    before, rest = document.split(_BEGIN)
    return before + _BEGIN + render_table() + _END + rest.split(_END, 1)[1]


if __name__ == "__main__":
    DOCUMENT.write_text(replace_table(DOCUMENT.read_text("utf-8")), "utf-8")
