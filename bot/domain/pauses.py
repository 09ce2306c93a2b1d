"""When the bot does nothing by itself, and who said so."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.people import Person
from bot.domain.record import Record


class Pause(Record):
    """Autonomous work is off. What people ask for is still done.

    `by` is absent where the bot paused itself (`dev mode`); `until` where somebody has to lift it.
    """

    kind: Literal["person", "dev mode"]
    why: str
    by: Person | None = None
    at: AwareDatetime
    until: AwareDatetime | None = Field(default=None, description="it lifts itself then")
