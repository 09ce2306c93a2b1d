"""Objectives: what people want the bot to reach, each with a measure, a target and a date.

People see them as goals; in code, `Goal` is what a run is for. Their texts are people's data.
"""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.monitoring_config import CronSchedule
from bot.domain.people import Person

LONGEST = 200
"""The maximum number of characters stored of an objective's text."""
MOST_CHECKS = 60

Bound = Literal["at most", "at least"]
OpportunityKind = Literal["incident", "fault", "slow", "wish", "idea"]
Effect = Literal["better", "worse", "same", "too few"]


class MeasureName(StrEnum):
    """What can be measured from the records of the bot."""

    RESPONSE_TIME = "response time"
    CRASHES = "crashes"
    ERROR_RATE = "error rate"
    RETURNING = "returning people"
    USE = "command use"
    INCIDENTS = "open incidents"
    COST = "cost"


class Requirement(Record):
    """A measure over a number of days and its target; `command` limits it to one command."""

    measure: MeasureName
    command: str = Field(default="", max_length=64, description="full name without the slash")
    bound: Bound
    target: float = Field(ge=0, le=1e9, allow_inf_nan=False)
    days: int = Field(default=7, ge=1, le=90)

    def is_met_by(self, value: float) -> bool:
        """Return whether the value reaches the target."""
        return value <= self.target if self.bound == "at most" else value >= self.target

    def compute_gap(self, value: float) -> float:
        """Return how far the value is from the target; 0 if it is met."""
        if self.is_met_by(value):
            return 0.0
        return abs(value - self.target)

    @property
    def subject(self) -> tuple[MeasureName, str]:
        """What is measured, over any number of days."""
        return self.measure, self.command


class Measurement(Record):
    """One measurement of an objective. Without `value`, it could not be measured."""

    at: AwareDatetime
    value: float | None = None
    is_met: bool = False
    why: str = Field(default="", description="why it could not be measured")


class Objective(Record):
    """One objective; one row, by `id`. `parent` is the id of the objective that it serves."""

    id: str = Field(pattern=r"^g[0-9]{1,6}$")
    text: str = Field(min_length=1, max_length=LONGEST)
    requirement: Requirement
    due: AwareDatetime
    parent: str | None = None
    set_by: Person
    set_at: AwareDatetime
    checks: tuple[Measurement, ...] = Field(default=(), description="at most 60, oldest first")

    def add_check(self, check: Measurement) -> "Objective":
        """Return the objective with one more measurement; the oldest ones are left out."""
        return self.replace(checks=(*self.checks, check)[-MOST_CHECKS:])


class Problem(Record):
    """A result of a validation. `is_serious` prevents that the objective is set."""

    objective: str = ""
    text: str
    is_serious: bool = False


class Opportunity(Record):
    """Work that may bring an objective closer, with what it is ranked by.

    `effect` is the expected part of the gap that it closes, `risk` is from 0 to 1, `usd` what such
    work has cost before. `key` identifies it: the kind, and the id of its record.
    """

    key: str
    kind: OpportunityKind
    title: str
    objective: str = ""
    effect: float = Field(default=0.0, ge=0, le=1)
    usd: float = Field(default=0.0, ge=0)
    risk: float = Field(default=0.0, ge=0, le=1)
    run_id: str | None = Field(default=None, description="the run that already works on it")
    obstacle: str = Field(default="", description="why the bot does not start it by itself")

    @property
    def score(self) -> float:
        """The expected effect, divided by cost and risk."""
        return self.effect / (_LEAST_COST + self.usd + self.risk)

    @property
    def can_start(self) -> bool:
        """True if it serves an objective, and neither a run nor an obstacle prevents a start."""
        return self.effect > 0 and self.run_id is None and not self.obstacle


_LEAST_COST = 0.25  # free work without risk still takes a person's time


class DailyComparison(Record):
    """A measure by day before and after a change went live; `p` is one-sided, by permutation."""

    before: float | None = None
    after: float | None = None
    days_before: int = Field(default=0, ge=0)
    days_after: int = Field(default=0, ge=0)
    p: float | None = None
    effect: Effect = "too few"


class GoalAttempt(Record):
    """A run that was started for an objective, and what it changed; one row, by run."""

    reads_newer = True  # older code has stored a field that is gone

    run_id: str
    opportunity: str
    title: str
    objective: str
    requirement: Requirement
    started_at: AwareDatetime
    live_at: AwareDatetime | None = None
    result: DailyComparison | None = None


class PursuitLimits(Record):
    """How far the continuous mode goes: runs, dollars, and runs in a row without progress."""

    iterations: int = Field(default=5, ge=1, le=100)
    usd: float = Field(default=5.0, ge=0, le=1_000, allow_inf_nan=False)
    stalled_after: int = Field(default=2, ge=1, le=20)


class BegunWork(Record):
    """An opportunity that the continuous mode chose, and the run about it."""

    key: str
    run_id: str


class Pursuit(Record):
    """The continuous mode, from a person's request to its end, which `ended_for` explains."""

    started_by: Person
    started_at: AwareDatetime
    limits: PursuitLimits
    begun: tuple[BegunWork, ...] = Field(default=(), description="the runs it started, in order")
    refused: tuple[str, ...] = Field(
        default=(), description="keys of opportunities that it may not start"
    )
    judged: int = Field(default=0, ge=0, description="runs whose result was looked at")
    stalled: int = Field(default=0, ge=0, description="runs in a row without progress")
    gaps: dict[str, float] = Field(default_factory=dict, description="by objective, at the start")
    ended_at: AwareDatetime | None = None
    ended_for: str = ""

    @property
    def is_active(self) -> bool:
        """True until it has ended."""
        return self.ended_at is None


class ReviewSlot(Record):
    """The newest time at which a weekly review was due and was done."""

    slot: AwareDatetime


class GoalsConfig(CronSchedule):
    """When goals are reviewed, and how far the bot works towards them by itself.

    `starts` limits the runs that a review begins; the levels of `autonomy` apply as well.
    `iterations` and `usd` are the most that a person can allow the continuous mode.
    """

    cron: str | None = "0 9 * * 1"
    starts: int = Field(default=0, ge=0, le=10)
    iterations: int = Field(default=10, ge=1, le=100)
    usd: float = Field(default=10.0, ge=0, le=1_000, allow_inf_nan=False)
    stalled_after: int = Field(default=2, ge=1, le=20)
