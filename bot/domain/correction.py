"""What people said that a sentence of theirs means, after the bot took it for something else."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.intents import Intent

LONGEST = 400
"""The most characters of a sentence that are stored."""

Meaning = Literal["fix", "investigate", "change", "ask", "nothing"]
"""A kind of request, or talk. There is no decision among them, so a correction never is one."""

NOTHING: Meaning = "nothing"


class Correction(Record):
    """A sentence of a person, what it was taken for, and what that person said it means."""

    id: str = Field(description="the same for the same sentence of the same person")
    sentence: str = Field(min_length=1, max_length=LONGEST, description="without secrets")
    person_id: int
    reading: str = Field(description="an intent: `fix`, `unclear`")
    meaning: Meaning
    times: int = Field(default=1, ge=1, description="how often the person said the same")
    at: AwareDatetime = Field(description="when they last said it")

    @property
    def intent(self) -> Intent:
        """The intent that the person meant."""
        return get_intent(self.meaning)


def get_intent(meaning: Meaning) -> Intent:
    """Return the intent of a meaning: one of `REQUESTS`, or chat."""
    return Intent.CHAT if meaning == NOTHING else Intent(meaning)
