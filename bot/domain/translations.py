"""Texts that a model translates, and what is stored of them."""

from datetime import datetime

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.cost import Cost

LONGEST = 2_000
"""Characters of a text that is translated; longer ones stay English."""
CODE = r"^[a-z]{2,3}$"
"""A code of a language: `it`."""


class TextToTranslate(Record):
    """An English text of the bot in which a mark like `⟦1⟧` stands for each part that stays."""

    message_id: int = Field(description="the message that it answers")
    person_id: int = Field(description="who reads it, and pays")
    language: str = Field(pattern=CODE)
    text: str = Field(max_length=LONGEST)


class Translation(Cost):
    """What a model made of the text: data, not checked yet."""

    text: str


class StoredTranslation(Record):
    """A translation that passed the checks; an empty text stays English."""

    id: str
    text: str
    at: datetime
