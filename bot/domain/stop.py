"""The emergency stop: all work ends, and no work begins until a person lifts it."""

from typing import Literal

from pydantic import AwareDatetime
from theseus_guard.record import Record

from bot.domain.people import Person

StopHow = Literal["slash", "text", "button", "signal", "file", "page", "command line"]


class Stop(Record):
    """The active emergency stop.

    `by` is `None` if the way it was given does not identify a person.
    """

    how: StopHow
    at: AwareDatetime
    by: Person | None = None
    why: str = ""

    @property
    def summary(self) -> str:
        """Who stopped everything, how, and how to lift the stop, in a sentence or two."""
        ways = {"signal": "a signal (SIGUSR1)", "file": "the file STOP in the state folder"}
        who = f"**{self.by.name}**" if self.by else ways.get(self.how, f"the {self.how}")
        why = f": {self.why.rstrip('.')}" if self.why else ""
        return (
            f"Everything was stopped by {who}{why}. An approver lifts it with `/resume` or "
            "“resume everything”."
        )

    @property
    def ends(self) -> str:
        """The reason shown for a run that the stop ended."""
        return f"Ended by the emergency stop{f' ({self.by.name})' if self.by else ''}."
