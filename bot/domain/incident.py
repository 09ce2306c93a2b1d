"""Incidents: one fault, reported once to people, from its first anomaly until it is resolved."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from theseus_guard.record import Record

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.conduct import Conduct
from bot.domain.journal import get_loop_event
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.domain.restart import RestartReport
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.domain.target import OWN_TARGET, TargetName
from bot.domain.triage import Origin, Triage

INCIDENT = "incident:"
"""Prefix of the names of stored incidents; the id follows."""
MOST_REPORTS = 20
MOST_AFFECTED = 200


class Severity(StrEnum):
    """How urgently an incident is announced. During quiet hours only `high` is announced."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


LOUDNESS = tuple(Severity)
"""Severities, the least urgent first."""


class Report(Record):
    """A person's report of the same fault.

    Without `text`, they replied to the bot's message about it.
    """

    person: Person
    text: str
    at: AwareDatetime


class Earlier(Record):
    """The earlier incident about the same fault, when it ended, and by which fix."""

    former_names: ClassVar = {"over_at": "ended_at"}

    incident: str
    ended_at: AwareDatetime
    fix: ShippedFix | None = None


class Mute(Record):
    """Anomalies with this key are not announced until then. One row for each key."""

    key: str
    by: Person | None = None
    until: AwareDatetime


class Assignee(Record):
    """The person who looks after an incident, and who decided so."""

    person: Person
    by: Person
    at: AwareDatetime
    is_informed: bool = Field(description="whether the person knows, or has taken it themselves")


class Incident(Record):
    """One incident; one row, by `id`. It has the newest anomaly of each key.

    The incident of a code rollback, or of the bot's own conduct, has no anomalies.
    """

    former_names: ClassVar = {
        "again": "recurrences",
        "told_at": "announced_at",
        "again_at": "recurred_at",
    }

    reads_newer = True

    id: str
    target: TargetName = Field(default=OWN_TARGET, description="name of the bot that has it")
    status: Literal["open", "resolved"] = "open"
    severity: Severity = Severity.MEDIUM
    event: str
    fingerprint: str | None = None
    name: str = Field(default="", description="the action as people call it: `/roll`")
    error: str = Field(default="", description="what is raised where: `IndexError in face()`")
    files: tuple[str, ...] = Field(default=(), description="the failure's frames, innermost first")
    title: str
    noticed: str = Field(default="", description="how it was detected: `5 times in 10 min`")
    anomalies: tuple[Anomaly, ...] = ()
    count: int = Field(default=0, ge=0, description="failures, or slow actions, `since`")
    counted_to: int = Field(
        default=0, ge=0, description="number of the newest journal record that was counted"
    )
    affected: tuple[str, ...] = Field(default=(), description="pseudonyms; at most 200")
    opened_at: AwareDatetime
    began_at: AwareDatetime | None = Field(
        default=None, description="when the first counted action happened; absent in old records"
    )
    last_at: AwareDatetime = Field(description="the newest failure or crossing")
    resolved_at: AwareDatetime | None = None
    recurrences: int = Field(
        default=0, ge=0, description="how often it came back after it was resolved"
    )
    recurred_at: AwareDatetime | None = None
    triage: Triage = Triage()
    triage_before: Origin | None = Field(default=None, description="its first classification")
    triage_changed_at: AwareDatetime | None = None
    judged_count: int = Field(default=0, ge=0, description="`count` when it was last judged")
    level: str = Field(default="", description="how far the bot goes, and why no further")
    message: MessageRef | None = Field(
        default=None, description="its message; absent if not announced yet"
    )
    digest: str | None = Field(default=None, description="the digest that announces it, if any")
    announced_at: AwareDatetime | None = Field(
        default=None, description="when the channel was last informed"
    )
    run_id: str | None = None
    fix: ShippedFix | None = Field(
        default=None, description="the fix shipped for it, as long as the fault was not seen since"
    )
    follows: Earlier | None = Field(
        default=None, description="the closed incident of the same fault"
    )
    followed_by: str | None = Field(default=None, description="id of the incident that follows it")
    muted_until: AwareDatetime | None = None
    muted_to: int | None = Field(default=None, ge=0, description="the `count` that ends the mute")
    muted_by: Person | None = None
    assignee: Assignee | None = Field(default=None, description="who looks after it, if any")
    triage_by: Person | None = Field(
        default=None, description="who decided whose fault it is; the rules do not judge it then"
    )
    reports: tuple[Report, ...] = Field(default=(), description="at most 20")
    unnamed: int = Field(default=0, ge=0, description="the number of further reports")
    rollback: RestartReport | None = Field(
        default=None, description="the restart with a commit that was rolled back; redacted"
    )
    conduct: Conduct | None = Field(
        default=None, description="what a rule over the bot's own runs found"
    )
    closed_for: str = Field(
        default="", description="why it was closed, if not because the fault stopped"
    )

    @model_validator(mode="after")
    def _check_cause(self) -> Self:
        if not self.anomalies and not self.is_for_people:
            raise ValueError("an incident needs an anomaly, a code rollback or a conduct")
        return self

    @property
    def is_for_people(self) -> bool:
        """True if it does not end by becoming quiet, and people decide what to do about it."""
        return self.rollback is not None or self.conduct is not None

    @property
    def full_title(self) -> str:
        """The title, with the name of the bot if it is another one."""
        return self.title if self.target == OWN_TARGET else f"{self.target}: {self.title}"

    @property
    def anomaly_keys(self) -> frozenset[str]:
        """The keys of its anomalies."""
        return frozenset(anomaly.key for anomaly in self.anomalies)

    @property
    def rules(self) -> frozenset[Rule]:
        """The rules that detected it."""
        return frozenset(anomaly.rule for anomaly in self.anomalies)

    @property
    def loop(self) -> str | None:
        """The event of the loop that has stopped, if the incident is about one."""
        return get_loop_event(self.event)

    @property
    def since(self) -> datetime:
        """The start of the counting; always shown together with `count`."""
        return self.began_at or self.opened_at

    def should_count(self, sample: Sample) -> bool:
        """Return whether an action is one of those that the incident counts."""
        return any(anomaly.is_of(sample) for anomaly in self.anomalies)

    @property
    def open(self) -> bool:
        """True if the incident is not resolved."""
        return self.status == "open"

    @property
    def is_watched(self) -> bool:
        """True if a fix is live and not judged yet, and the failure was not seen again."""
        return self.open and self.fix is not None and self.fix.live_at is not None

    @property
    def is_fixed(self) -> bool:
        """True if a live fix or a rollback ended it.

        A fix that did not hold is removed from `fix`.
        """
        if self.open:
            return False
        if self.rollback is not None:
            return not self.rollback.not_back
        return self.fix is not None and self.fix.live_at is not None

    def is_ended_by(self, fix: ShippedFix) -> bool:
        """Return whether a fix was merged after the incident opened or last recurred."""
        return fix.merged_at >= (self.recurred_at or self.opened_at)

    @property
    def is_announced(self) -> bool:
        """True if people were informed, in a separate message or in a digest."""
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
        """Return whether a person muted it and the mute has not ended."""
        if self.muted_until is not None:
            return now < self.muted_until
        return self.muted_to is not None and self.count < self.muted_to

    @property
    def has_mute(self) -> bool:
        """True if a person muted it, also if the mute has ended and nobody was informed yet."""
        return self.muted_until is not None or self.muted_to is not None

    def is_about(self, anomaly: Anomaly) -> bool:
        """Return whether an anomaly belongs to this fault.

        It does if it has the same key or the same failure. A high failure rate of an action and one
        repeated failure in the same action are also one fault, unless both name a failure. Slowness
        is always a separate fault.
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
        """Return whether another incident, possibly an earlier one, was about the same fault."""
        failure = self.fingerprint is not None and self.fingerprint == other.fingerprint
        return failure or bool(self.anomaly_keys & other.anomaly_keys)

    def has_failure(self, event: str, fingerprint: str) -> bool:
        """Return whether this incident is about that failure.

        An incident without a fingerprint matches by its event, unless it is only about slowness.
        """
        if self.fingerprint is not None:
            return self.fingerprint == fingerprint
        return self.event == event and self.rules not in (set(), {Rule.LATENCY})


class Digest(Record):
    """Several incidents announced in one message, because of a storm or after quiet hours."""

    reads_newer = True

    id: str
    why: Literal["storm", "quiet hours"]
    incidents: tuple[str, ...] = Field(default=(), description="their ids, oldest first")
    opened_at: AwareDatetime
    joined_at: AwareDatetime = Field(description="when the newest one came in")
    message: MessageRef | None = None
    more: int = Field(default=0, ge=0, description="the number of incidents that are not listed")
