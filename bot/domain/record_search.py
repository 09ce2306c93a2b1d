"""Questions about many runs, and many entries of the audit log, at once; and their answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeVar

from pydantic import AwareDatetime, Field

from bot.domain.audit import AuditEntry
from bot.domain.record import Record
from bot.domain.run import Goal, Status
from bot.domain.watch import Judgement

T = TypeVar("T")

LONGEST_TEXT = 200
"""Characters of what is looked for."""
MOST_PAGES = 1_000
"""Pages that can be turned to."""


class RunSummary(NamedTuple):
    """One run as far as figures need it: cheap to make, thousands at a time.

    `proposed_at`, `approved_at` and `live_at` are when it got so far for the first time; `number`
    is its newest pull request's. `verdict` is what its watch came to. `helped`: somebody answered
    it, told it something or had it revised. `watched`: what it shipped is, or was, watched.
    """

    id: str
    goal: Goal
    status: Status
    origin: Literal["person", "incident", "audit"]
    about: str
    created_at: datetime
    updated_at: datetime
    cost_usd: float = 0.0
    number: int | None = None
    proposed_at: datetime | None = None
    approved_at: datetime | None = None
    live_at: datetime | None = None
    verdict: Judgement | None = None
    watched: bool = False
    helped: bool = False


class Paged(Record):
    """What both questions share: `words` to be found, whatever they hold, and which page."""

    text: str = Field(default="", max_length=LONGEST_TEXT)
    page: int = Field(default=1, ge=1, le=MOST_PAGES)
    size: int = Field(default=50, ge=1, le=500, description="entries of a page")

    @property
    def offset(self) -> int:
        """How many entries stand on the pages before."""
        return (self.page - 1) * self.size


class RunQuery(Paged):
    """Which runs: all of these statuses (empty: any) and that goal, begun at or after `since`.

    `words` are looked for in the run's id and in what was asked.
    """

    statuses: frozenset[Status] = frozenset()
    goal: Goal | None = None
    since: AwareDatetime | None = None


class AuditQuery(Paged):
    """Which entries. `person` is an id, or part of a name; `result` whether it was allowed.

    `words` are looked for in the note, the way it was said, the run and the commit.
    """

    action: str = Field(default="", max_length=LONGEST_TEXT)
    person: str = Field(default="", max_length=LONGEST_TEXT)
    result: Literal["", "allowed", "refused"] = ""
    since: AwareDatetime | None = None


class NumberedEntry(NamedTuple):
    """An entry of the audit log, with its number in the chain."""

    number: int
    entry: AuditEntry


class ResultPage(NamedTuple, Generic[T]):
    """One page of what was found; `more` says whether there is another."""

    found: Sequence[T]
    more: bool
