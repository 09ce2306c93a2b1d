"""What the rules see in the journal: one threshold crossed by one kind of action."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from bot.domain.record import Record


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
    baseline: float | None = Field(default=None, description="p95 in ms it usually has")
    evidence: tuple[str, ...] = Field(
        default=(), description="ids of journal records, newest first, at most 20"
    )

    @property
    def key(self) -> str:
        """What makes two anomalies the same incident."""
        return f"{self.rule}:{self.event}:{self.fingerprint or ''}"
