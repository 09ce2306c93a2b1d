"""When the bot does nothing by itself, and who said so."""

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import AwareDatetime, Field

from bot.domain.people import Person
from bot.domain.record import Record
from bot.domain.waits import format_timestamp


class Pause(Record):
    """Autonomous work is off. What people ask for is still done.

    `by` is absent where the bot paused itself (`dev mode`); `until` where somebody has to lift it.
    """

    kind: Literal["person", "dev mode"]
    why: str
    by: Person | None = None
    at: AwareDatetime
    until: AwareDatetime | None = Field(default=None, description="it lifts itself then")

    @property
    def who(self) -> str:
        """Who paused, for people."""
        return f"**{self.by.name}**" if self.by else "Dev mode"

    def has_ended(self, now: datetime) -> bool:
        """Whether its time has come."""
        return self.until is not None and now >= self.until

    def describe(self) -> str:
        """Who paused, why and until when, in a sentence; times as each reader's own."""
        why = f": {self.why.rstrip('.')}" if self.why else ""
        return f"{self.who} has paused my own work{why}. {self.ends}"

    @property
    def ends(self) -> str:
        """When it ends, in a sentence."""
        if self.until is not None:
            return f"It goes on by itself {format_timestamp(self.until, 'f')}."
        if self.kind == "dev mode":
            return "It goes on by itself when that is over."
        return "It goes on when somebody says “resume”."


class Started(Record):
    """One run that the bot started by itself."""

    key: str
    at: AwareDatetime


class StartLog(Record):
    """The runs that the bot started by itself lately, oldest first."""

    items: tuple[Started, ...] = ()

    def filter_recent(self, window: timedelta, now: datetime) -> Self:
        """Return only those of the last `window`; a clock that was set back forgets none of it."""
        kept = (item for item in self.items if abs(now - item.at) < window)
        return self.replace(items=tuple(kept))

    def has_key(self, key: str) -> bool:
        """Whether the run of that trigger is among them."""
        return any(item.key == key for item in self.items)

    def add(self, key: str, now: datetime) -> Self:
        """Return them with one more."""
        return self.replace(items=(*self.items, Started(key=key, at=now)))
