"""The table of stored data in docs/privacy.md, made from the schemas of all databases.

`python -m tests.support.stored_data` writes it there; a test compares. A column that is in a schema
and not below fails that test, so that nobody forgets to say whether it is about people.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.adapters import sqlite_ledger, sqlite_memory, sqlite_store, sqlite_traffic
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
    "versions.sqlite3": versions.MIGRATIONS,
    "journal.sqlite3": journal_index.MIGRATIONS,
    "forge.sqlite3": forge_pulls.MIGRATIONS,
}


class Stored(NamedTuple):
    """A table: the columns that hold something of people, what that is, and if it is erased."""

    of_people: str
    summary: str
    erased: str
    others: str = ""


_NO = "no"
_NOTHING = "-"
TABLES: Mapping[tuple[str, str], Stored] = {
    ("theseus.sqlite3", "runs"): Stored(
        "body", "who asked, with name and text", _NO,
        "id trigger_key status thread_id created_at version lease_owner lease_until",
    ),
    ("theseus.sqlite3", "stage_records"): Stored(
        "body", "what a run found: failures by pseudonym, answers of people who take part", _NO,
        "run_id kind number at",
    ),
    ("theseus.sqlite3", "approvals"): Stored(
        "person_id body", "who let a change ship", _NO, "run_id head at"
    ),
    ("theseus.sqlite3", "audit_log"): Stored(
        "body", "who did what: id and name, without texts; rows of older versions have them", _NO,
        "number at run_id action previous hash seal",
    ),
    ("theseus.sqlite3", "audit_notes"): Stored(
        "person_id text", "what they said with an entry of the audit log", "yes", "number salt"
    ),
    ("theseus.sqlite3", "outbox"): Stored(
        "post", "messages that wait to be sent; empty once they are sent or refused",
        "yes, those that name them",
        "number key channel_id nonce state sent_channel_id message_id reason",
    ),
    ("theseus.sqlite3", "shelf"): Stored(
        "body", "talk, wishes, votes on changes, reports of faults", "yes", "name"
    ),
    ("theseus.sqlite3", "retention"): Stored("", _NOTHING, _NOTHING, "before"),
    ("traffic/traffic.sqlite3", "traffic"): Stored(
        "form variety body", "what was asked of cogs: pseudonyms, stand-ins where it was private",
        "yes", "id short at event ok",
    ),
    ("memory.sqlite3", "memories"): Stored(
        "body", "notes, with who had them made", "yes",
        "number key kind fingerprint function file event standing at",
    ),
    ("memory.sqlite3", "memory_words"): Stored("words", "the words of notes", "yes", "kind"),
    ("ledger.sqlite3", "charges"): Stored(
        "person_id", "who caused a cost", _NO,
        "number id at run_id purpose model outcome cost_usd tokens_in tokens_out body",
    ),
    ("ledger.sqlite3", "forgotten"): Stored(
        "person_id", "the sums of older costs", _NO, "run_id cost_usd tokens_in tokens_out"
    ),
    ("ledger.sqlite3", "retention"): Stored("", _NOTHING, _NOTHING, "before"),
    ("ledger.sqlite3", "begun"): Stored("", _NOTHING, _NOTHING, "run_key agent at"),
    ("ledger.sqlite3", "holds"): Stored("", _NOTHING, _NOTHING, "id body"),
    ("versions.sqlite3", "items"): Stored(
        "", _NOTHING, _NOTHING, "kind name version newest mark rolled_back"
    ),
    ("versions.sqlite3", "versions"): Stored(
        "", _NOTHING, _NOTHING, "kind name number at body content"
    ),
    ("journal.sqlite3", "files"): Stored("", _NOTHING, _NOTHING, "number name indexed low"),
    ("journal.sqlite3", "records"): Stored(
        "", _NOTHING, _NOTHING,
        "file start length ts id short event outcome channel_id fingerprint",
    ),
    ("journal.sqlite3", "damaged"): Stored("", _NOTHING, _NOTHING, "file start length"),
    ("forge.sqlite3", "pulls"): Stored(
        "body", "pull requests of the local forge: who asked, by name", _NO,
        "number run_id branch base_branch title state published base_at_opening merge_commit undoes"
        " reason opened_at updated_at",
    ),
    ("forge.sqlite3", "issues"): Stored(
        "title body author", "issues of the local forge", _NO, "number labels state opened_at"
    ),
    ("forge.sqlite3", "issue_comments"): Stored("text", "comments on them", _NO, "issue key at"),
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


def classified() -> dict[tuple[str, str], frozenset[str]]:
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


def with_table(document: str) -> str:
    """Return the document with the table as it is now."""
    before, rest = document.split(_BEGIN)
    return before + _BEGIN + render_table() + _END + rest.split(_END, 1)[1]


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8")), "utf-8")
