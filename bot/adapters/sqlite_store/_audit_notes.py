"""Stores people's notes on audit entries separately, because notes can be erased, entries not.

The entry contains a digest, which proves the note while it exists. Once the note and its salt are
erased, the text cannot be found by guessing.
"""

import hashlib
import secrets

from bot.adapters.sqlite_store._rows import parse
from bot.domain.audit import ERASED_NOTE, OWN_ACTIONS, AuditBreak, AuditEntry
from bot.domain.personal_data import DataSubject
from bot.infra.database import SqlConnection, SqlDatabase

_OF_PERSON = "person_id = ?1 OR instr(text, ?2) > 0 OR instr(text, ?3) > 0"


def separate_note(connection: SqlConnection, number: int, entry: AuditEntry) -> AuditEntry:
    """Store the note of a new entry; return the entry with the note's digest instead."""
    if not entry.note or entry.action in OWN_ACTIONS:
        return entry
    salt = secrets.token_hex(16)
    person_id = entry.person.id if entry.person else None
    text = entry.note.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL's text has no NUL
    connection.execute(
        "INSERT INTO audit_notes (number, person_id, salt, text) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (number) DO UPDATE SET person_id = excluded.person_id,"
        " salt = excluded.salt, text = excluded.text",
        (number, person_id, salt, text),
    )
    return entry.replace(note="", note_digest=_compute_digest(salt, text))


def join_note(entry: AuditEntry, text: str | None) -> AuditEntry:
    """Return an entry with its note; `text` is `None` if the note was erased."""
    if not entry.note_digest:
        return entry
    return entry.replace(note=ERASED_NOTE if text is None else text, note_digest="")


def find_changed_note(connection: SqlConnection, beyond: int) -> AuditBreak | None:
    """Return the first note after `beyond` that does not match its entry's digest, or `None`."""
    rows = connection.execute(
        "SELECT number, salt, text, body FROM audit_notes LEFT JOIN audit_log USING (number)"
        " WHERE number > ? ORDER BY number",
        (beyond,),
    )
    for row in rows:
        number, body = row["number"], row["body"]
        entry = parse(AuditEntry, body, f"entry {number}") if body else None
        if entry is None or entry.note_digest != _compute_digest(row["salt"], row["text"]):
            summary = f"The note of entry {number} is not as it was written."
            return AuditBreak(number=number, kind="changed", summary=summary)
    return None


class AuditNotes:
    """Implements `bot.ports.personal_data.ErasableData`; erased notes are marked in the entries."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    async def count_records(self, subject: DataSubject) -> int:
        """Return the number of notes by a person or about them."""
        query = f"SELECT count(*) FROM audit_notes WHERE {_OF_PERSON}"  # noqa: S608 # constants
        marks = (subject.id, *subject.marks)
        row = await self._database.read(
            lambda connection: connection.execute(query, marks).fetchone()
        )
        return int(row[0])

    async def erase(self, subject: DataSubject) -> int:
        """Remove these notes; return their number."""
        query = f"DELETE FROM audit_notes WHERE {_OF_PERSON}"  # noqa: S608 # constants only
        marks = (subject.id, *subject.marks)
        return await self._database.write(
            lambda connection: connection.execute(query, marks).rowcount
        )


def _compute_digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode("utf-8", "replace")).hexdigest()
