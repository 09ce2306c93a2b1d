"""Pauses of the bot's autonomous work, and the starts of autonomous runs."""

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.people import Person
from bot.domain.waits import format_timestamp


class Pause(Record):
    """A pause of autonomous work. What people ask for is still done.

    `by` is `None` if the bot paused itself (`dev mode`). `until` is `None` if a person has to lift
    the pause.
    """

    kind: Literal["person", "dev mode"]
    why: str
    by: Person | None = None
    at: AwareDatetime
    until: AwareDatetime | None = Field(default=None, description="the pause ends on its own then")

    @property
    def who(self) -> str:
        """Who paused, as people read it."""
        return f"**{self.by.name}**" if self.by else "Dev mode"

    def has_ended(self, now: datetime) -> bool:
        """Return whether the pause has ended."""
        return self.until is not None and now >= self.until

    def describe(self) -> str:
        """Return who paused, why and until when, in a sentence; times are Discord timestamps."""
        why = f": {self.why.rstrip('.')}" if self.why else ""
        return f"{self.who} has paused my own work{why}. {self.ends}"

    @property
    def ends(self) -> str:
        """When it ends, in a sentence."""
        if self.until is not None:
            return f"It resumes on its own {format_timestamp(self.until, 'f')}."
        if self.kind == "dev mode":
            return "It resumes on its own when that is over."
        return "It resumes when someone says “resume”."


class Started(Record):
    """One run that the bot started on its own."""

    key: str
    at: AwareDatetime


class StartLog(Record):
    """The recent runs that the bot started on its own, oldest first."""

    items: tuple[Started, ...] = ()

    def filter_recent(self, window: timedelta, now: datetime) -> Self:
        """Return only the starts within `window`.

        Starts later than `now` are kept too, so that setting the clock back forgets none.
        """
        recent = (item for item in self.items if abs(now - item.at) < window)
        return self.replace(items=tuple(recent))

    def has_key(self, key: str) -> bool:
        """Return whether the trigger with that key has started a run."""
        return any(item.key == key for item in self.items)

    def add(self, key: str, now: datetime) -> Self:
        """Return the log with one more start."""
        return self.replace(items=(*self.items, Started(key=key, at=now)))
