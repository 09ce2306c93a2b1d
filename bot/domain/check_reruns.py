"""Checks of a run that people had run again. They are shown, and decide nothing."""

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.change import CheckResult

MOST_RERUNS = 20
"""How many of them a run stores; the oldest are dropped."""


class CheckRerun(Record):
    """One check that was run again at one head. Who asked is in the audit log."""

    name: str
    head: str
    at: AwareDatetime = Field(description="when it was asked for")
    result: CheckResult | None = Field(default=None, description="absent: it has not ended")
    trouble: str = Field(default="", description="why it ended without a result")


class CheckReruns(Record):
    """The checks of a run that were run again, oldest first. The verdict never reads them."""

    items: tuple[CheckRerun, ...] = ()

    def add(self, item: CheckRerun) -> "CheckReruns":
        """Return them with one that replaces what is stored of the same request."""
        others = tuple(each for each in self.items if (each.name, each.at) != (item.name, item.at))
        return self.replace(items=(*others, item)[-MOST_RERUNS:])
