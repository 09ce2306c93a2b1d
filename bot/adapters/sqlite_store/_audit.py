"""The audit log's rows: appended, chained and sealed. Old rows are removed with a checkpoint.

The table itself refuses changes. The chain and the seals reveal changes made by other means, and
the anchor outside the database reveals entries that were cut off.
"""

import json
from datetime import datetime

from theseus_observe.redaction import redact

from bot.adapters.sqlite_store._audit_notes import join_note, separate_note
from bot.adapters.sqlite_store._audit_rows import AuditRow, build_row
from bot.adapters.sqlite_store._rows import dump_record, parse
from bot.adapters.sqlite_store._schema import APPROVALS_AND_AUDIT
from bot.domain.audit import CHECKPOINT, AuditEntry, AuditHead
from bot.infra.database import SqlConnection, stamp

_COLUMNS = "number, at, run_id, action, body, previous, hash, seal"


def append(connection: SqlConnection, entry: AuditEntry, key: bytes) -> AuditHead:
    """Append one entry after the last; texts by people are stored without secrets."""
    person = entry.person and entry.person.replace(name=redact(entry.person.name))
    entry = entry.replace(note=redact(entry.note), how=redact(entry.how), person=person)
    last = end(connection)
    entry = separate_note(connection, last.number + 1, entry)
    body = json.dumps(json.loads(dump_record(entry)), sort_keys=True, separators=(",", ":"))
    row = build_row(last.number + 1, entry, body, last.hash, key)
    connection.execute(
        f"INSERT INTO audit_log ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        row,
    )
    return AuditHead(number=row.number, hash=row.hash)


def end(connection: SqlConnection) -> AuditHead:
    """Return the end of the log; its number is 0 if the log is empty."""
    last = connection.execute(
        "SELECT number, hash FROM audit_log ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return AuditHead(number=last["number"] if last else 0, hash=last["hash"] if last else "")


def read_head(connection: SqlConnection) -> tuple[AuditHead, bool]:
    """Return the end of the log, and whether any entry was written with a seal."""
    created = "SELECT 1 FROM schema_migrations WHERE name = ?"
    if connection.execute(created, (APPROVALS_AND_AUDIT.name,)).fetchone() is None:
        return AuditHead(number=0, hash=""), False  # a schema without an audit log
    sealed = "SELECT 1 FROM audit_log WHERE hash LIKE '2:%' LIMIT 1"
    return end(connection), connection.execute(sealed).fetchone() is not None


def is_known(connection: SqlConnection, head: AuditHead | None) -> bool:
    """Return whether the log continues from that head; a head before a checkpoint counts too."""
    if head is None:
        return False
    row = connection.execute(
        "SELECT hash FROM audit_log WHERE number = ?", (head.number,)
    ).fetchone()
    if row is not None:
        return bool(row["hash"] == head.hash)
    first = connection.execute("SELECT min(number) FROM audit_log").fetchone()[0]
    return head.number < (first or 1)


def list_newest(
    connection: SqlConnection,
    run_id: str | None,
    person_id: int | None,
    since: datetime | None,
    limit: int,
) -> tuple[AuditEntry, ...]:
    """Return the newest matching entries, newest first."""
    terms: list[tuple[str, object]] = []
    if run_id is not None:
        terms.append(("run_id = ?", run_id))
    if person_id is not None:
        terms.append(("CAST(json_extract(body, '$.person.id') AS BIGINT) = ?", person_id))
    if since is not None:
        terms.append(("at >= ?", stamp(since)))
    where = " AND ".join(["1 = 1", *(term for term, _ in terms)])
    rows = connection.execute(
        "SELECT number, body, text FROM audit_log LEFT JOIN audit_notes USING (number)"  # noqa: S608
        f" WHERE {where} ORDER BY number DESC LIMIT ?",
        (*(value for _, value in terms), limit),
    )
    return tuple(
        join_note(parse(AuditEntry, row["body"], f"entry {row['number']}"), row["text"])
        for row in rows.fetchall()
    )


def list_rows(
    connection: SqlConnection, since: datetime | None, beyond: int, limit: int
) -> tuple[AuditRow, ...]:
    """Return rows in order, starting after the number `beyond`."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM audit_log WHERE number > ?"  # noqa: S608 # constants, no values
        " AND at >= ? ORDER BY number LIMIT ?",
        (beyond, "" if since is None else stamp(since), limit),
    )
    return tuple(AuditRow(*row) for row in rows)


def forget(
    connection: SqlConnection, older_than: datetime, now: datetime, key: bytes
) -> tuple[int, AuditHead]:
    """Remove older entries after writing a checkpoint; return their number, and the new end.

    The log always keeps its last entry, and never has a gap.
    """
    first_kept = connection.execute(
        "SELECT min(number) FROM audit_log WHERE at >= ?", (stamp(older_than),)
    ).fetchone()[0]
    last = end(connection)
    cut = (first_kept if first_kept is not None else last.number) - 1
    row = connection.execute("SELECT hash FROM audit_log WHERE number = ?", (cut,)).fetchone()
    if row is None:
        return 0, last
    note = f"entries up to {cut}, older than {older_than:%Y-%m-%d}, were removed"
    entry = AuditEntry(
        at=now, action=CHECKPOINT, allowed=True, note=note, cut=cut, cut_hash=row["hash"]
    )
    last = append(connection, entry, key)
    connection.execute("DELETE FROM audit_notes WHERE number <= ?", (cut,))
    removed = connection.execute("DELETE FROM audit_log WHERE number <= ?", (cut,)).rowcount
    return removed, last
