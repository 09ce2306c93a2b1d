"""One row of the audit log, and what its hash and its seal are made of.

The hash chains rows and needs no secret: whoever has an export can follow it. The seal is made with
a key that lies outside the database: whoever rewrites rows and hashes cannot make it anew.
"""

import hashlib
import hmac
import json
from typing import NamedTuple

from pydantic import ValidationError

from bot.domain.audit import ACCEPTED, CHECKPOINT, AuditEntry, AuditHead
from bot.infra.sqlite import stamp

_SEALED = "2:"


class AuditRow(NamedTuple):
    """One row, as it stands in the table and in exports."""

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
        """Whether it was written with a seal; rows of older versions have none."""
        return self.hash.startswith(_SEALED)

    @property
    def entry(self) -> AuditEntry | None:
        """What it says; `None` where that cannot be read."""
        try:
            return AuditEntry.model_validate_json(self.body)
        except ValidationError:
            return None

    @property
    def holds(self) -> bool:
        """Whether hash and columns go with the body."""
        if self.hash != (
            self.expected_hash if self.has_seal else _hash_v1(self.previous, self.body)
        ):
            return False
        entry = self.entry
        columns = (self.at, self.run_id, self.action)
        return entry is not None and (stamp(entry.at), entry.run_id, entry.action) == columns

    @property
    def expected_hash(self) -> str:
        """What its hash has to be."""
        parts = [self.number, self.at, self.run_id, self.action, self.body, self.previous]
        return _SEALED + hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def checkpoint(self) -> tuple[int, str] | None:
        """Up to where it says that older rows were removed, with the hash there."""
        entry = self.entry if self.action == CHECKPOINT else None
        if entry is None or entry.cut is None or entry.cut >= self.number:
            return None
        return entry.cut, entry.cut_hash

    @property
    def accepts(self) -> bool:
        """Whether by it somebody took note of what was wrong before it."""
        return self.action == ACCEPTED


def build_row(number: int, entry: AuditEntry, body: str, previous: str, key: bytes) -> AuditRow:
    """Return the row of a new entry, hashed and sealed."""
    row = AuditRow(number, stamp(entry.at), entry.run_id, entry.action, body, previous, "", "")
    row = row._replace(hash=row.expected_hash)
    return row._replace(seal=seal_text(row.hash, key))


def seal_text(text: str, key: bytes) -> str:
    """Return the seal on a text."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_valid_seal(seal: str, text: str, key: bytes) -> bool:
    """Whether that is the seal on the text."""
    return hmac.compare_digest(seal.encode(), seal_text(text, key).encode())


def format_head(head: AuditHead) -> str:
    """Return what the seal of a head is on."""
    return f"head {head.number} {head.hash}"


def _hash_v1(previous: str, body: str) -> str:
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
