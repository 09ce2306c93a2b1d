"""An incident: one fault people are told about once, from its first anomaly until it is quiet."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.anomaly import Anomaly
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.domain.record import Record
from bot.domain.triage import Triage


class Severity(StrEnum):
    """How loudly it is told. Quiet hours let only `high` through."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Report(Record):
    """Somebody told us of the same fault."""

    person: Person
    text: str
    at: AwareDatetime


class Incident(Record):
    """One row, by `id`. The newest anomaly of each rule is kept; `keys` are all their keys."""

    id: str
    status: Literal["open", "resolved"] = "open"
    severity: Severity = Severity.MEDIUM
    event: str
    fingerprint: str | None = None
    title: str
    anomalies: tuple[Anomaly, ...] = Field(min_length=1)
    count: int = Field(default=0, ge=0, description="failures, or slow actions, since it began")
    opened_at: AwareDatetime
    last_at: AwareDatetime = Field(description="the newest failure or crossing")
    resolved_at: AwareDatetime | None = None
    triage: Triage = Triage()
    level: str = Field(default="", description="how far the bot goes, and why no further")
    message: MessageRef | None = Field(default=None, description="where it is told; absent: held")
    digest: str | None = Field(default=None, description="the storm it is told in, if it is")
    run_id: str | None = None
    reports: tuple[Report, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its anomalies."""
        return frozenset(anomaly.key for anomaly in self.anomalies)
