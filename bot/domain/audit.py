"""Who asked, approved, refused or changed what, and when."""

from pydantic import AwareDatetime, Field

from bot.domain.people import Person
from bot.domain.record import Record


class AuditEntry(Record):
    """One line of the audit log. `person` is `None` for what Theseus did by itself."""

    at: AwareDatetime
    action: str
    allowed: bool
    person: Person | None = None
    run_id: str | None = None
    how: str = ""
    note: str = ""
    head: str = Field(default="", description="the commit it was about")
    channel_id: int | None = Field(default=None, description="where it was said")
    message_id: int | None = None
