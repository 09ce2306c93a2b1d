"""What the rules see in the journal: one threshold crossed by one kind of action."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from bot.domain.record import Record
from bot.domain.samples import Sample


class Rule(StrEnum):
    """The rules, by what they watch."""

    ERROR_RATE = "error_rate"
    REPEATED_ERROR = "repeated_error"
    LATENCY = "latency"


class Anomaly(Record):
    """One crossing. `value` and `threshold` are a share, a count, or milliseconds of p95."""

    rule: Rule
    event: str
    fingerprint: str | None = None
    at: AwareDatetime
    value: float
    threshold: float
    volume: int = Field(ge=0, description="actions of that event in the window")
    since: AwareDatetime | None = Field(
        default=None, description="when the first one happened that `value` counts"
    )
    baseline: float | None = Field(default=None, description="p95 in ms it usually has")
    evidence: tuple[str, ...] = Field(
        default=(), description="ids of journal records, newest first, at most 20"
    )

    @property
    def key(self) -> str:
        """What makes two anomalies the same incident."""
        return f"{self.rule}:{self.event}:{self.fingerprint or ''}"

    @property
    def bad(self) -> int:
        """How many bad ones it was made of."""
        if self.rule is Rule.ERROR_RATE:
            return max(1, round(self.value * self.volume))
        return max(1, round(self.value) if self.rule is Rule.REPEATED_ERROR else len(self.evidence))

    def is_of(self, sample: Sample) -> bool:
        """Whether an action is one of the bad ones that were seen."""
        if sample.own:
            return False
        if self.rule is Rule.REPEATED_ERROR:
            return sample.is_failure and sample.fingerprint == self.fingerprint
        if sample.event != self.event:
            return False
        if self.rule is Rule.ERROR_RATE:
            return sample.is_failure
        slow = sample.duration_ms is not None and sample.duration_ms >= self.threshold
        return slow and sample.outcome == "ok"
