"""An incident: one fault people are told about once, from its first anomaly until it is quiet."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.journal import get_loop_event
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.domain.record import Record
from bot.domain.restart import RestartReport
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.domain.triage import Origin, Triage

INCIDENT = "incident:"
"""What the names of kept incidents begin with; the id follows."""
MOST_REPORTS = 20
MOST_AFFECTED = 200


class Severity(StrEnum):
    """How loudly it is told. Quiet hours let only `high` through."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


LOUDNESS = tuple(Severity)
"""Severities, the quietest first."""


class Report(Record):
    """Somebody told us of the same fault; without `text` they pointed at what we said of it."""

    person: Person
    text: str
    at: AwareDatetime


class Earlier(Record):
    """The incident that was about the same before, since when it was over, and by which fix."""

    former_names: ClassVar = {"over_at": "ended_at"}

    incident: str
    ended_at: AwareDatetime
    fix: ShippedFix | None = None


class Mute(Record):
    """Nothing is told of anomalies of that key until then. One row, by the key."""

    key: str
    by: Person
    until: AwareDatetime


class Incident(Record):
    """One row, by `id`. The newest anomaly of each key is kept; a roll-back of code has none."""

    former_names: ClassVar = {
        "again": "recurrences",
        "told_at": "announced_at",
        "again_at": "recurred_at",
    }

    reads_newer = True

    id: str
    status: Literal["open", "resolved"] = "open"
    severity: Severity = Severity.MEDIUM
    event: str
    fingerprint: str | None = None
    name: str = Field(default="", description="the action in people's words: `/roll`")
    error: str = Field(default="", description="what is raised where: `IndexError in face()`")
    files: tuple[str, ...] = Field(default=(), description="the failure's frames, innermost first")
    title: str
    noticed: str = Field(default="", description="what made it known: `5 times in 10 min`")
    anomalies: tuple[Anomaly, ...] = ()
    count: int = Field(default=0, ge=0, description="failures, or slow actions, `since`")
    counted_to: int = Field(
        default=0, ge=0, description="number of the newest journal record that was counted"
    )
    affected: tuple[str, ...] = Field(default=(), description="pseudonyms; at most 200")
    opened_at: AwareDatetime
    began_at: AwareDatetime | None = Field(
        default=None, description="the first one that is counted; absent in records of old"
    )
    last_at: AwareDatetime = Field(description="the newest failure or crossing")
    resolved_at: AwareDatetime | None = None
    recurrences: int = Field(
        default=0, ge=0, description="how often it came back after it was resolved"
    )
    recurred_at: AwareDatetime | None = None
    triage: Triage = Triage()
    triage_before: Origin | None = Field(default=None, description="what it was taken for first")
    triage_changed_at: AwareDatetime | None = None
    judged_count: int = Field(default=0, ge=0, description="`count` when it was judged last")
    level: str = Field(default="", description="how far the bot goes, and why no further")
    message: MessageRef | None = Field(
        default=None, description="where it is told; absent: not yet"
    )
    digest: str | None = Field(default=None, description="the digest it is told in, if it is")
    announced_at: AwareDatetime | None = Field(
        default=None, description="when the channel last heard"
    )
    run_id: str | None = None
    fix: ShippedFix | None = Field(
        default=None, description="what was shipped for it, as long as it was not seen since"
    )
    follows: Earlier | None = Field(default=None, description="the closed one that was the same")
    followed_by: str | None = Field(default=None, description="id of the one that follows it")
    muted_until: AwareDatetime | None = None
    muted_by: Person | None = None
    reports: tuple[Report, ...] = Field(default=(), description="at most 20")
    unnamed: int = Field(default=0, ge=0, description="reports beyond those")
    rollback: RestartReport | None = Field(
        default=None, description="the restart onto a commit that was taken back; redacted"
    )
    closed_for: str = Field(
        default="", description="why it was closed, where that is not that it was quiet"
    )

    @model_validator(mode="after")
    def _check_cause(self) -> Self:
        if not self.anomalies and self.rollback is None:
            raise ValueError("an incident is about an anomaly, or about code that was taken back")
        return self

    @property
    def anomaly_keys(self) -> frozenset[str]:
        """The keys of its anomalies."""
        return frozenset(anomaly.key for anomaly in self.anomalies)

    @property
    def rules(self) -> frozenset[Rule]:
        """The rules that saw it."""
        return frozenset(anomaly.rule for anomaly in self.anomalies)

    @property
    def loop(self) -> str | None:
        """The event of the loop that has stopped, if that is what it is about."""
        return get_loop_event(self.event)

    @property
    def since(self) -> datetime:
        """Since when it is counted; `count` and this are told together wherever it is spoken of."""
        return self.began_at or self.opened_at

    def should_count(self, sample: Sample) -> bool:
        """Whether an action is one of those it counts."""
        return any(each.is_of(sample) for each in self.anomalies)

    @property
    def open(self) -> bool:
        """Whether it still goes on."""
        return self.status == "open"

    @property
    def is_watched(self) -> bool:
        """Whether a fix is live, was not seen to fail, and is not judged yet."""
        return self.open and self.fix is not None and self.fix.live_at is not None

    @property
    def is_fixed(self) -> bool:
        """Whether a fix that is live, or a revert, ended it; a fix that did not hold is gone."""
        if self.open:
            return False
        if self.rollback is not None:
            return not self.rollback.not_back
        return self.fix is not None and self.fix.live_at is not None

    def is_ended_by(self, fix: ShippedFix) -> bool:
        """Whether a fix came after all that is known of it."""
        return fix.merged_at >= (self.recurred_at or self.opened_at)

    @property
    def is_announced(self) -> bool:
        """Whether people were told of it, in a message of its own or in a digest."""
        return self.message is not None or self.digest is not None

    @property
    def newest(self) -> Anomaly:
        """The anomaly seen last."""
        return max(self.anomalies, key=lambda anomaly: anomaly.at)

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of journal records, those of the newest anomaly first."""
        latest_first = sorted(self.anomalies, key=lambda anomaly: anomaly.at, reverse=True)
        return tuple(dict.fromkeys(i for anomaly in latest_first for i in anomaly.evidence))

    def is_muted(self, now: datetime) -> bool:
        """Whether somebody muted it, and that lasts."""
        return self.muted_until is not None and now < self.muted_until

    def is_about(self, anomaly: Anomaly) -> bool:
        """Whether the anomaly is of this fault: the same key or failure, or one inside the other.

        Too many failures of an action, and one failure that repeats in it, are the same fault
        unless it has another failure already. Slowness is a fault of its own.
        """
        if self.rollback is not None:
            return False
        if anomaly.key in self.anomaly_keys:
            return True
        if anomaly.fingerprint is not None and anomaly.fingerprint == self.fingerprint:
            return True
        failures = Rule.LATENCY not in self.rules and anomaly.rule is not Rule.LATENCY
        one_unknown = self.fingerprint is None or anomaly.fingerprint is None
        return failures and anomaly.event == self.event and one_unknown

    def is_same_fault(self, other: "Incident") -> bool:
        """Whether another incident, of another time perhaps, was about the same."""
        failure = self.fingerprint is not None and self.fingerprint == other.fingerprint
        return failure or bool(self.anomaly_keys & other.anomaly_keys)

    def has_failure(self, event: str, fingerprint: str) -> bool:
        """Whether somebody who means that failure means this incident."""
        if self.fingerprint is not None:
            return self.fingerprint == fingerprint
        return self.event == event and self.rules not in (set(), {Rule.LATENCY})


class Digest(Record):
    """Several incidents told in one message: a storm, or what quiet hours held back."""

    reads_newer = True

    id: str
    why: Literal["storm", "quiet hours"]
    incidents: tuple[str, ...] = Field(default=(), description="their ids, oldest first")
    opened_at: AwareDatetime
    joined_at: AwareDatetime = Field(description="when the newest one came in")
    message: MessageRef | None = None
    more: int = Field(default=0, ge=0, description="incidents beyond those that are listed")
