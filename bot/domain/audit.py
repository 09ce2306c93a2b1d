"""Records of the audit log: who asked, approved, refused or changed what; and of its checks."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.people import Person

CHECKPOINT = "audit.checkpoint"
"""The entry that records up to which entry older ones were removed (`audit.keep_days`)."""
ACCEPTED = "audit.accepted"
"""The entry written when an operator on the machine acknowledged a break."""
RESTORED = "restored"
"""The entry with which a log continues after it was restored from a backup."""
LOST = "audit.lost"
"""The entry that reports an entry that was begun and is missing after a crash."""

ERASED = "erase"
"""The entry that records how much of a person's data was erased, by pseudonym and counts."""
OWN_ACTIONS = frozenset({CHECKPOINT, ACCEPTED, RESTORED, LOST, ERASED})
"""Actions whose note the log writes itself: such a note contains no text of a person."""
ERASED_NOTE = "(erased)"
"""The text of a note that was erased."""

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
        default="", description="what was said; stored outside of the log, so that it can be erased"
    )
    note_digest: str = Field(
        default="",
        description="digest of the note's salt and text; both are found by the entry's number",
    )
    head: str = Field(default="", description="the commit it was about")
    channel_id: int | None = Field(default=None, description="where it was said")
    message_id: int | None = None
    cut: int | None = Field(default=None, description="a checkpoint's: the last entry removed")
    cut_hash: str = Field(default="", description="a checkpoint's: the hash of that one")


class Configured(Record):
    """The configuration at the last start, in one line: a digest of it, and who may do what."""

    summary: str


class AuditHead(Record):
    """The end of the log at some time, stored outside of it."""

    number: int = Field(ge=0)
    hash: str
    at: AwareDatetime | None = None


class AuditBreak(Record):
    """Where and how the log is not intact."""

    number: int = Field(description="the first entry that is wrong or missing")
    kind: BreakKind
    summary: str


class AuditState(Record):
    """The result of a check of the log.

    `accepted` is a break that was found and acknowledged before.
    """

    first: int = 0
    last: int = 0
    hash: str = ""
    sealed_from: int | None = Field(default=None, description="older ones are only chained")
    broken: AuditBreak | None = None
    accepted: AuditBreak | None = None

    @property
    def head(self) -> AuditHead:
        """The end of the log."""
        return AuditHead(number=self.last, hash=self.hash)
