"""What is kept of a person, and whose it is."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from bot.domain.record import Record


class DataSubject(Record):
    """Somebody whose data are meant: by their id in the chat, and by what stands for them in the
    journal.
    """

    id: int
    pseudonym: str

    @property
    def marks(self) -> tuple[str, ...]:
        """Texts by one of which a record is known to be of them."""
        return self.pseudonym, str(self.id)


class StoredData(Record):
    """How much of one kind is kept of somebody, or was erased."""

    former_names: ClassVar = {"kept": "retention"}

    what: str = Field(description="the kind, for people: `records in my journal`")
    count: int = Field(ge=0)
    retention: str = Field(description="how long, and where it stays, why: `for 30 days`")
    erasable: bool = True


class PendingErasure(Record):
    """An erasure that was begun: what a crash interrupts is done again at the next start."""

    subject: DataSubject
    at: AwareDatetime
