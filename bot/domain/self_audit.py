"""The result of a self-audit: numbers and names, to be shown on a card."""

from typing import ClassVar

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.memory import MemoryKind
from bot.domain.run import Status
from bot.domain.watch import Judgement


class Ability(Record):
    """A command or context menu that people can use. `event` is its name in the journal."""

    event: str
    label: str
    cog: str
    module: str


class AuditedFault(Record):
    """One failure by its fingerprint: its count in the period and in the period before."""

    fingerprint: str
    event: str
    name: str = Field(description="the action as people call it: `/roll`")
    count: int = Field(ge=1)
    before: int = Field(default=0, ge=0)
    people: int = Field(
        default=0, ge=0, description="the number of people affected; 0 if not known"
    )
    exception: str = ""
    file: str = ""
    line: int = 0
    function: str = ""
    last_at: AwareDatetime
    newest_id: str


class ActionPace(Record):
    """The p95 duration of the successful actions of one event."""

    event: str
    name: str = Field(description="the action as people call it: `/roll`")
    actions: int = Field(ge=1)
    p95_ms: float
    before_ms: float | None = None


class Gap(Record):
    """Code that no test ran, or that was not measured; `why` says which, with counts."""

    what: str
    why: str


class SpentOn(Record):
    """The cost of models for one purpose or one run."""

    name: str
    usd: float = Field(ge=0)
    tokens: int = Field(default=0, ge=0)
    calls: int = Field(default=0, ge=0)


class RunsEnded(Record):
    """Runs with the same ending, or still open; `seconds` is their median duration."""

    status: Status
    count: int = Field(ge=1)
    seconds: float = Field(ge=0)


class Open(Record):
    """An open incident."""

    id: str
    title: str
    count: int
    since: AwareDatetime


class Fix(Record):
    """A change that went live, and whether it held."""

    run_id: str
    number: int | None = None
    what: str
    at: AwareDatetime
    verdict: Judgement | None = Field(default=None, description="absent: still being watched")


class Lesson(Record):
    """A memory that was added in the period."""

    kind: MemoryKind
    text: str
    by: str = ""


class RequestedFeature(Record):
    """A feature request of the period that no run has begun."""

    id: str
    text: str
    votes: int = Field(ge=0, description="0: only a self-audit proposed it")
    reason: str = ""


class FlagDue(Record):
    """A flag that can be removed: it has been on for everyone since then, or no file uses it."""

    name: str
    files: tuple[str, ...] = Field(default=(), description="the files that use it")
    since: AwareDatetime


class Column(Record):
    """Failures of one day or hour, by event. Only the largest events are separate."""

    at: AwareDatetime
    counts: dict[str, int]


class AuditReport(Record):
    """One self-audit. `compared` is true if there was an earlier period to compare with.

    `watched_since` is set if the journal begins inside the period. `missing` names, as people read
    it, what could not be checked.
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
    unused: tuple[str, ...] = Field(default=(), description="labels of commands that no one used")
    idle_cogs: tuple[str, ...] = Field(default=(), description="cogs without any used command")
    gaps: tuple[Gap, ...] = ()
    usd: float = Field(default=0.0, ge=0)
    usd_before: float = Field(default=0.0, ge=0)
    by_part: tuple[SpentOn, ...] = ()
    by_run: tuple[SpentOn, ...] = ()
    runs: tuple[RunsEnded, ...] = ()
    by_itself: int = Field(default=0, ge=0, description="runs that the bot started on its own")
    incidents: tuple[Open, ...] = ()
    fixes: tuple[Fix, ...] = ()
    learned: tuple[Lesson, ...] = ()
    feature_requests: tuple[RequestedFeature, ...] = Field(
        default=(), description="the request of most people first"
    )
    flags: tuple[FlagDue, ...] = ()
    unread_skills: tuple[str, ...] = Field(
        default=(), description="skills that no model read in 30 days"
    )
    columns: tuple[Column, ...] = Field(default=(), description="oldest first, without gaps")
    missing: tuple[str, ...] = ()

    @property
    def days(self) -> float:
        """The length of the period in days."""
        return (self.until - self.since).total_seconds() / 86_400

    @property
    def quiet(self) -> bool:
        """True if there is nothing to report except that nothing happened."""
        reported = (
            self.faults,
            self.slow,
            self.runs,
            self.incidents,
            self.fixes,
            self.learned,
            self.feature_requests,
        )
        return not (any(reported) or self.failures or self.missing)


class AuditSlot(Record):
    """The newest time at which an audit was due and was handled."""

    slot: AwareDatetime
    done_at: AwareDatetime
