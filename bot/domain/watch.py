"""Watching a shipped fix: what is compared, and until when."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.change import CheckResult

Judgement = Literal["fixed", "partial", "not_fixed", "inconclusive", "regressed"]


class WatchRules(Record):
    """When a watch may be judged: after enough actions, or at the latest time."""

    minutes: float = Field(default=1_440.0, gt=0, description="judged by then at the latest")
    volume: int = Field(default=30, ge=1, description="actions after the merge that are enough")
    least_minutes: float = Field(default=10.0, ge=0, description="not judged before this time")
    before_hours: float = Field(
        default=24.0, gt=0, description="the length of the period before the merge"
    )
    alpha: float = Field(
        default=0.05, gt=0, lt=0.5, description="a p-value below this is significant"
    )


class Watch(Record):
    """One shipped change being watched. Stored until it is judged."""

    former_names: ClassVar = {"play": "replay"}

    run_id: str
    event: str
    fingerprint: str
    number: int
    merge_commit: str
    files: tuple[str, ...] = Field(
        default=(), description="files that the fix changed or that the failing calls use"
    )
    began_at: AwareDatetime = Field(description="when it went live")
    before_since: AwareDatetime
    until: AwareDatetime
    replay: CheckResult | None = Field(
        default=None,
        description="the replay of the failing interaction with the merge; none: not yet",
    )


class Side(Record):
    """What was seen on one side of the merge. `p95_ms` is of the successful actions."""

    actions: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0, description="of any kind")
    same: int = Field(default=0, ge=0, description="failures with the fingerprint that was fixed")
    part: int = Field(
        default=0, ge=0, description="failures with only some of the faults of an exception group"
    )
    p95_ms: float | None = None
    minutes: float = Field(default=0.0, ge=0)


class Comparison(Record):
    """Before against after. p-values are one-sided: the chance of this if nothing had changed."""

    verdict: Judgement
    before: Side
    after: Side
    p_same: float | None = Field(default=None, description="fewer of the same failure, by chance")
    p_worse: float | None = Field(default=None, description="more failures, by chance")
    p_slower: float | None = Field(default=None, description="slower, by chance")
    reasons: tuple[str, ...] = ()
