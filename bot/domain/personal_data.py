"""Stored personal data: how much there is of a person, and what is being erased."""

from typing import ClassVar

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record


class DataSubject(Record):
    """The person whose data is meant: their id in the chat, and their pseudonym in the journal."""

    id: int
    pseudonym: str

    @property
    def marks(self) -> tuple[str, ...]:
        """Texts that identify a record as this person's, if it contains one of them."""
        return self.pseudonym, str(self.id)


class StoredData(Record):
    """How much data of one kind is stored of a person, or was erased."""

    former_names: ClassVar = {"kept": "retention"}

    what: str = Field(description="the kind, for people: `records in my journal`")
    count: int = Field(ge=0)
    retention: str = Field(
        description="how long it is stored, or why it is not erased: `for 30 days`"
    )
    erasable: bool = True


class PendingErasure(Record):
    """An erasure that has begun. If a crash interrupts it, the next start repeats it."""

    subject: DataSubject
    at: AwareDatetime
