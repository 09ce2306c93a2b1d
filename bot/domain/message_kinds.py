"""What a chat model reads of a message before the bot acts, and what it makes of it.

A reading names a kind of request. Nothing in it can approve, ship, stop or end anything.
"""

from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.cost import Cost

ReadKind = Literal["fix", "investigate", "change", "status", "question", "talk", "unclear"]
MOST_FAILURES = 8
LONGEST_SUBJECT, LONGEST_QUESTION = 100, 200


class FailureOption(Record):
    """A recent failure that a message may be about. The model knows it by its label only."""

    label: str = Field(pattern=r"^F[1-8]$")
    summary: str


class MessageToRead(Record):
    """One message to the bot, without secrets. All text in it is untrusted data."""

    message_id: int
    person_id: int
    text: str = Field(max_length=4_000)
    replied: str = Field(default="", max_length=500, description="what it replies to")
    hint: ReadKind = Field(description="what the grammar and the table take it for")
    failures: tuple[FailureOption, ...] = Field(default=(), max_length=MOST_FAILURES)


class MessageReading(Cost):
    """What a model takes a message for, and what that cost."""

    kind: ReadKind
    failure: str = Field(default="", description="a label of the list, empty if none is meant")
    subject: str = Field(default="", max_length=LONGEST_SUBJECT)
    question: str = Field(default="", max_length=LONGEST_QUESTION)
    language: str = Field(default="", description="the code of the message's language: `it`")
