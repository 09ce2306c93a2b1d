"""Anomalies found by the rules in the journal: one kind of action crossed one threshold."""

from enum import StrEnum

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.samples import Sample


class Rule(StrEnum):
    """The detection rules, by what they watch."""

    ERROR_RATE = "error_rate"
    REPEATED_ERROR = "repeated_error"
    LATENCY = "latency"


class Anomaly(Record):
    """One crossing of a threshold.

    `value` and `threshold` are a share, a count, or milliseconds of p95, depending on the rule.
    """

    rule: Rule
    event: str
    fingerprint: str | None = None
    at: AwareDatetime
    value: float
    threshold: float
    volume: int = Field(ge=0, description="actions of that event in the window")
    since: AwareDatetime | None = Field(
        default=None, description="when the first action counted in `value` happened"
    )
    baseline: float | None = Field(default=None, description="usual p95 in ms")
    evidence: tuple[str, ...] = Field(
        default=(), description="ids of journal records, newest first, at most 20"
    )

    @property
    def key(self) -> str:
        """The identity of the incident: anomalies with equal keys belong to the same incident."""
        return f"{self.rule}:{self.event}:{self.fingerprint or ''}"

    @property
    def bad(self) -> int:
        """The number of bad actions, at least 1."""
        if self.rule is Rule.ERROR_RATE:
            return max(1, round(self.value * self.volume))
        return max(1, round(self.value) if self.rule is Rule.REPEATED_ERROR else len(self.evidence))

    def is_of(self, sample: Sample) -> bool:
        """Return whether an action is one of the bad actions that this anomaly counts."""
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
