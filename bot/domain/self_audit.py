"""What the bot finds when it looks back on itself: numbers and names, to be told by a card."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from bot.domain.memory import MemoryKind
from bot.domain.record import Record
from bot.domain.run import Status
from bot.domain.watch import Judgement


class Ability(Record):
    """One command or context menu that people can use. `event` is what the journal calls it."""

    event: str
    label: str
    cog: str
    module: str


class AuditedFault(Record):
    """One failure by its fingerprint: how often in the period, and how often in the one before."""

    fingerprint: str
    event: str
    name: str = Field(description="the action in people's words: `/roll`")
    count: int = Field(ge=1)
    before: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0, description="whom it happened to; 0: nobody knows")
    exception: str = ""
    file: str = ""
    line: int = 0
    function: str = ""
    last_at: AwareDatetime
    newest_id: str


class ActionPace(Record):
    """How long the good actions of one event take, p95."""

    event: str
    name: str = Field(description="the action in people's words: `/roll`")
    actions: int = Field(ge=1)
    p95_ms: float
    before_ms: float | None = None


class Gap(Record):
    """Code that no test ran, or that was not measured; `why` says which, with counts."""

    what: str
    why: str


class SpentOn(Record):
    """What models cost, by what they did or by run."""

    name: str
    usd: float = Field(ge=0)
    tokens: int = Field(default=0, ge=0)
    calls: int = Field(default=0, ge=0)


class RunsEnded(Record):
    """Runs with the same ending, or still open; `seconds` is the median of their length."""

    status: Status
    count: int = Field(ge=1)
    seconds: float = Field(ge=0)


class Open(Record):
    """An incident that goes on."""

    id: str
    title: str
    count: int
    since: AwareDatetime


class Fix(Record):
    """A change that came live, and whether it held."""

    run_id: str
    number: int | None = None
    what: str
    at: AwareDatetime
    verdict: Judgement | None = Field(default=None, description="absent: still being watched")


class Lesson(Record):
    """Something that was learned in the period."""

    kind: MemoryKind
    text: str
    by: str = ""


class RequestedFeature(Record):
    """A change that people asked for in the period and that nobody has begun."""

    id: str
    text: str
    votes: int = Field(ge=1)


class FlagDue(Record):
    """A flag that decides nothing any more: on for everybody since then, or in no file."""

    name: str
    files: tuple[str, ...] = Field(default=(), description="that ask for it")
    since: AwareDatetime


class Column(Record):
    """Failures of one day or hour, by event; the largest events only, and the rest together."""

    at: AwareDatetime
    counts: dict[str, int]


class AuditReport(Record):
    """One look back. `compared` tells whether there was anything before to compare with.

    `watched_since` is set where the journal begins inside the period. `missing` names, for people,
    what could not be looked at.
    """

    former_names: ClassVar = {"wished": "feature_requests"}

    since: AwareDatetime
    until: AwareDatetime
    watched_since: AwareDatetime | None = None
    compared: bool = False
    actions: int = Field(default=0, ge=0)
    actions_before: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0)
    failures_before: int = Field(default=0, ge=0)
    faults: tuple[AuditedFault, ...] = Field(default=(), description="the most frequent first")
    slow: tuple[ActionPace, ...] = Field(default=(), description="the slowest first")
    abilities: int = Field(default=0, ge=0)
    unused: tuple[str, ...] = Field(default=(), description="labels of commands nobody used")
    idle_cogs: tuple[str, ...] = Field(default=(), description="cogs none of whose were used")
    gaps: tuple[Gap, ...] = ()
    usd: float = Field(default=0.0, ge=0)
    usd_before: float = Field(default=0.0, ge=0)
    by_part: tuple[SpentOn, ...] = ()
    by_run: tuple[SpentOn, ...] = ()
    runs: tuple[RunsEnded, ...] = ()
    by_itself: int = Field(default=0, ge=0, description="runs nobody asked for")
    incidents: tuple[Open, ...] = ()
    fixes: tuple[Fix, ...] = ()
    learned: tuple[Lesson, ...] = ()
    feature_requests: tuple[RequestedFeature, ...] = Field(
        default=(), description="that of most people first"
    )
    flags: tuple[FlagDue, ...] = ()
    unread_skills: tuple[str, ...] = Field(default=(), description="that no model read in 30 days")
    columns: tuple[Column, ...] = Field(default=(), description="oldest first, none left out")
    missing: tuple[str, ...] = ()

    @property
    def days(self) -> float:
        """How long the period is."""
        return (self.until - self.since).total_seconds() / 86_400

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to tell but that nothing happened."""
        told = (
            self.faults,
            self.slow,
            self.runs,
            self.incidents,
            self.fixes,
            self.learned,
            self.feature_requests,
        )
        return not (any(told) or self.failures or self.missing)


class AuditSlot(Record):
    """The newest moment an audit was due and was dealt with."""

    slot: AwareDatetime
    done_at: AwareDatetime
