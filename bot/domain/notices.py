"""What people choose to be told, how and when: settings, quiet periods, digests, reminders."""

from datetime import datetime, time
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field, field_validator
from theseus_guard.record import Record

from bot.domain.monitoring_config import check_timezone
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.domain.run import Run, Waiting

NOTICE_SETTINGS = "notice-settings:"
QUIET_PERIOD = "quiet-period"
DIGEST_SCHEDULE = "digest-schedule:"
REMINDER = "reminder-of-notice:"
IGNORED_NOTICE = "ignored-notice:"
PROPOSAL_GROUP = "proposal-group:"

FOR_APPROVAL = frozenset({Waiting.APPROVAL, Waiting.UNSHIPPED, Waiting.UNREVISED})
"""What a run waits for while its proposal can be approved."""
FOR_ANSWER = frozenset({Waiting.QUESTION, Waiting.AGREEMENT, Waiting.JUDGEMENT})
"""What a run waits for while its thread asks people something else."""


def is_for_person(run: Run) -> bool:
    """Return whether a run waits for a decision or an answer of people."""
    return run.waiting in FOR_APPROVAL or run.waiting in FOR_ANSWER


class NoticeDelivery(StrEnum):
    """How a person is told."""

    MENTION = "mention"
    DIRECT = "direct message"
    NONE = "none"


class NoticeKind(StrEnum):
    """What a person can be told about."""

    DONE = "done"  # a request of theirs has ended
    APPROVAL = "approval"  # a proposal waits, and they may approve it
    FIXED = "fixed"  # a failure that they have reported is fixed


class NoticeSettings(Record):
    """How one person wants to be told. The defaults are what the bot does for everyone."""

    person_id: int
    done: NoticeDelivery = NoticeDelivery.NONE
    approval: NoticeDelivery = NoticeDelivery.NONE
    fixed: NoticeDelivery = NoticeDelivery.MENTION
    changed_at: AwareDatetime = Field(description="what happened before is not told")

    def get_delivery(self, kind: NoticeKind) -> NoticeDelivery:
        """Return how the person is told of that kind."""
        return {
            NoticeKind.DONE: self.done,
            NoticeKind.APPROVAL: self.approval,
            NoticeKind.FIXED: self.fixed,
        }[kind]


QuietLevel = Literal["needs a person", "nothing"]
"""What is still announced: only what waits for a person, or nothing. High severity always is."""


class QuietPeriod(Record):
    """The newest period in which the bot announces less; it stays stored after its end."""

    level: QuietLevel
    by: Person
    at: AwareDatetime
    until: AwareDatetime | None = Field(default=None, description="absent: until a person ends it")
    ended_at: AwareDatetime | None = None

    def is_active_at(self, at: datetime) -> bool:
        """Return whether a moment is in the period."""
        ends = [each for each in (self.until, self.ended_at) if each is not None]
        return self.at <= at and all(at < each for each in ends)


class DigestSchedule(Record):
    """When a digest is sent: to one person directly, or to the dev channel."""

    person: Person = Field(description="who has chosen it")
    to_channel: bool = False
    every: Literal["daily", "weekly"]
    weekday: int = Field(default=0, ge=0, le=6, description="0 is Monday; used if it is weekly")
    at: time = time(9)
    timezone: str = "UTC"
    slot: AwareDatetime = Field(description="the newest time that was handled")

    @field_validator("timezone")
    @classmethod
    def _validate_timezone(cls, name: str) -> str:
        return check_timezone(name)

    @property
    def days(self) -> int:
        """How many days a digest covers."""
        return 1 if self.every == "daily" else 7

    @property
    def key(self) -> str:
        """The name that it is stored under."""
        return f"{DIGEST_SCHEDULE}{'channel' if self.to_channel else self.person.id}"


SubjectKind = Literal["run", "group", "digest", "tool", "review", "goals", "flag"]
"""What an announcement is about. Of a run and of a group it is known whether they still wait."""


class Reminder(Record):
    """A person wants to be told later of an announcement that asks for something."""

    id: str
    person_id: int
    kind: SubjectKind
    subject: str = Field(description="id of the run or of the group; else any name of it")
    message: MessageRef = Field(description="the announcement")
    due: AwareDatetime

    @property
    def key(self) -> str:
        """The name that it is stored under."""
        return f"{REMINDER}{self.person_id}:{self.id}"


class IgnoredNotice(Record):
    """A person does not want to hear more of an announcement."""

    person_id: int
    kind: SubjectKind
    subject: str
    at: AwareDatetime

    @property
    def key(self) -> str:
        """The name that it is stored under."""
        return f"{IGNORED_NOTICE}{self.person_id}:{self.kind}:{self.subject}"


class ProposalGroup(Record):
    """Waiting proposals about one file or command, which one message announces."""

    id: str
    target: str
    subject: str = Field(description="a path, or a command such as `/roll`")
    runs: tuple[str, ...]
    message: MessageRef | None = None
    opened_at: AwareDatetime

    @property
    def key(self) -> str:
        """The name that it is stored under."""
        return PROPOSAL_GROUP + self.id
