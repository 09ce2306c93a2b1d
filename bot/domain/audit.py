"""Who asked, approved, refused or changed what, and when; and whether that is still all of it."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.people import Person
from bot.domain.record import Record

CHECKPOINT = "audit.checkpoint"
"""The entry that says up to where older ones were removed, by the rules of `audit.keep_days`."""
ACCEPTED = "audit.accepted"
"""The entry by which somebody on the machine took note of a break."""
RESTORED = "restored"
"""The entry by which a log goes on that was brought back from a backup."""
LOST = "audit.lost"
"""The entry that tells of one that was begun, and is not there after a crash."""

ERASED = "erase"
"""The entry that says how much was erased of a person, by pseudonym and counts."""
OWN_ACTIONS = frozenset({CHECKPOINT, ACCEPTED, RESTORED, LOST, ERASED})
"""Entries whose note the log writes itself: it holds no text of a person."""
ERASED_NOTE = "(erased)"
"""What a note reads whose text was erased."""

BreakKind = Literal["changed", "missing", "order", "seal", "downgraded", "cut", "head", "journal"]


class AuditEntry(Record):
    """One line of the audit log. `person` is `None` for what Theseus did by itself."""

    at: AwareDatetime
    action: str
    allowed: bool
    person: Person | None = None
    run_id: str | None = None
    how: str = ""
    note: str = Field(
        default="", description="what was said; it lies beside the log, where it can be erased"
    )
    note_digest: str = Field(
        default="", description="of the note's salt and text; the entry's number leads to both"
    )
    head: str = Field(default="", description="the commit it was about")
    channel_id: int | None = Field(default=None, description="where it was said")
    message_id: int | None = None
    cut: int | None = Field(default=None, description="a checkpoint's: the last entry removed")
    cut_hash: str = Field(default="", description="a checkpoint's: the hash of that one")


class Configured(Record):
    """What was configured at the last start, in a line: a mark of all of it, and who may what."""

    summary: str


class AuditHead(Record):
    """Where the log ended at some time, kept outside of it."""

    number: int = Field(ge=0)
    hash: str
    at: AwareDatetime | None = None


class AuditBreak(Record):
    """Where the log does not hold, and how."""

    number: int = Field(description="the first entry that is wrong, or lacks")
    kind: BreakKind
    summary: str


class AuditState(Record):
    """What a check of the log has shown. `accepted` was found broken before, and noted."""

    first: int = 0
    last: int = 0
    hash: str = ""
    sealed_from: int | None = Field(default=None, description="older ones are only chained")
    broken: AuditBreak | None = None
    accepted: AuditBreak | None = None

    @property
    def head(self) -> AuditHead:
        """Where it ends."""
        return AuditHead(number=self.last, hash=self.hash)
