"""One row of the audit log, and the inputs of its hash and its seal.

The hash chains rows and needs no secret, so anyone with an export can verify the chain. The seal is
made with a key outside the database, so an attacker who rewrites rows cannot recreate it.
"""

import hashlib
import hmac
import json
from typing import NamedTuple

from pydantic import ValidationError

from bot.domain.audit import ACCEPTED, CHECKPOINT, AuditEntry, AuditHead
from bot.infra.database import stamp

_SEALED = "2:"


class AuditRow(NamedTuple):
    """One row, as in the table and in exports."""

    number: int
    at: str
    run_id: str | None
    action: str
    body: str
    previous: str
    hash: str
    seal: str

    @property
    def has_seal(self) -> bool:
        """True if it was written with a seal; rows of older versions have none."""
        return self.hash.startswith(_SEALED)

    @property
    def entry(self) -> AuditEntry | None:
        """The parsed entry, or `None` if it cannot be parsed."""
        try:
            return AuditEntry.model_validate_json(self.body)
        except ValidationError:
            return None

    @property
    def holds(self) -> bool:
        """True if the hash and the columns match the body."""
        if self.hash != (
            self.expected_hash if self.has_seal else _hash_v1(self.previous, self.body)
        ):
            return False
        entry = self.entry
        columns = (self.at, self.run_id, self.action)
        return entry is not None and (stamp(entry.at), entry.run_id, entry.action) == columns

    @property
    def expected_hash(self) -> str:
        """The hash that the row must have."""
        parts = [self.number, self.at, self.run_id, self.action, self.body, self.previous]
        return _SEALED + hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def checkpoint(self) -> tuple[int, str] | None:
        """The last removed row and its hash, if this row is a checkpoint."""
        entry = self.entry if self.action == CHECKPOINT else None
        if entry is None or entry.cut is None or entry.cut >= self.number:
            return None
        return entry.cut, entry.cut_hash

    @property
    def accepts(self) -> bool:
        """True if a person accepted the break before this row."""
        return self.action == ACCEPTED


def build_row(number: int, entry: AuditEntry, body: str, previous: str, key: bytes) -> AuditRow:
    """Return the row of a new entry, hashed and sealed."""
    row = AuditRow(number, stamp(entry.at), entry.run_id, entry.action, body, previous, "", "")
    row = row._replace(hash=row.expected_hash)
    return row._replace(seal=seal_text(row.hash, key))


def seal_text(text: str, key: bytes) -> str:
    """Return the seal of a text."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_valid_seal(seal: str, text: str, key: bytes) -> bool:
    """Return whether a seal belongs to a text."""
    return hmac.compare_digest(seal.encode(), seal_text(text, key).encode())


def format_head(head: AuditHead) -> str:
    """Return the text that a head's seal is made of."""
    return f"head {head.number} {head.hash}"


def _hash_v1(previous: str, body: str) -> str:
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
