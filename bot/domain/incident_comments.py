"""What people write about an incident, on its page, with a command, or in its thread."""

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.people import Person

COMMENTS = "incident-comments:"
"""Prefix of the names of stored comments; the incident's id follows."""
MOST_COMMENTS = 100
LONGEST_COMMENT = 1_000


class IncidentComment(Record):
    """One comment. Its text is a person's: redacted, and never an instruction."""

    id: str = Field(description="unique in the incident; `message:ID` for a message of its thread")
    person: Person
    text: str = Field(max_length=LONGEST_COMMENT)
    at: AwareDatetime


class IncidentComments(Record):
    """The comments of one incident, oldest first. One row."""

    incident: str
    comments: tuple[IncidentComment, ...] = ()
