"""The audit log's rows: appended, chained by hashes, never changed.

The table refuses changes by itself; the chain shows one made behind its back.
"""

import hashlib
import json
import sqlite3

from bot.adapters.sqlite_store._rows import dump, parse, stamp
from bot.domain.audit import AuditEntry
from bot.telemetry import redact


def append(connection: sqlite3.Connection, entry: AuditEntry) -> None:
    """Append one entry after the last. What people could have written goes in without secrets."""
    person = entry.person and entry.person.but(name=redact(entry.person.name))
    entry = entry.but(note=redact(entry.note), how=redact(entry.how), person=person)
    body = json.dumps(json.loads(dump(entry)), sort_keys=True, separators=(",", ":"))
    last = connection.execute(
        "SELECT number, hash FROM audit_log ORDER BY number DESC LIMIT 1"
    ).fetchone()
    number, previous = (1, "") if last is None else (last["number"] + 1, last["hash"])
    connection.execute(
        "INSERT INTO audit_log (number, at, run_id, action, body, previous, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            stamp(entry.at),
            entry.run_id,
            entry.action,
            body,
            previous,
            _chain(previous, body),
        ),
    )


def newest(
    connection: sqlite3.Connection, run_id: str | None, limit: int
) -> tuple[AuditEntry, ...]:
    """Return the newest entries, newest first."""
    rows = connection.execute(
        "SELECT number, body FROM audit_log WHERE ?1 IS NULL OR run_id = ?1"
        " ORDER BY number DESC LIMIT ?2",
        (run_id, limit),
    )
    return tuple(parse(AuditEntry, row["body"], f"entry {row['number']}") for row in rows)


def first_break(connection: sqlite3.Connection) -> int | None:
    """Return the number of the first entry whose hash does not hold; `None` if all do."""
    previous = ""
    for row in connection.execute("SELECT * FROM audit_log ORDER BY number"):
        if row["previous"] != previous or row["hash"] != _chain(previous, row["body"]):
            return int(row["number"])
        previous = row["hash"]
    return None


def _chain(previous: str, body: str) -> str:
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
