"""Queries of the runs and of the audit log, and their results."""

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeVar

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.audit import AuditEntry
from bot.domain.run import Goal, Status
from bot.domain.watch import Judgement

T = TypeVar("T")

LONGEST_TEXT = 200
"""The maximum length of a search text."""
MOST_PAGES = 1_000
"""The highest page number."""


class RunSummary(NamedTuple):
    """The part of a run that statistics need; thousands are created at a time.

    `proposed_at`, `approved_at` and `live_at` are the first times the run got that far. `number` is
    its newest pull request. `verdict` is the result of its watch. `helped` is true if a person
    answered it, instructed it or asked for a revision. `watched` is true if its shipment is or was
    watched.
    """

    id: str
    goal: Goal
    status: Status
    origin: Literal["person", "incident", "audit", "goal"]
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
    """The common part of both queries: the search `text`, matched literally, and the page."""

    text: str = Field(default="", max_length=LONGEST_TEXT)
    page: int = Field(default=1, ge=1, le=MOST_PAGES)
    size: int = Field(default=50, ge=1, le=500, description="entries of a page")

    @property
    def offset(self) -> int:
        """The number of entries on earlier pages."""
        return (self.page - 1) * self.size


class RunQuery(Paged):
    """A query of runs: with one of `statuses` (empty: any) and `goal`, begun at or after `since`.

    `text` is searched for in the run's id and in the request.
    """

    statuses: frozenset[Status] = frozenset()
    goal: Goal | None = None
    since: AwareDatetime | None = None


class AuditQuery(Paged):
    """A query of the audit log. `person` is an id or part of a name.

    `result` filters by whether the action was allowed. `text` is searched for in the note, the way
    it was given, the run and the commit.
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
    """One page of results; `more` is true if there is another page."""

    found: Sequence[T]
    more: bool
