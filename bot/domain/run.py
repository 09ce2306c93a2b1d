"""The run: an explicit, durable state machine.

    observe -> diagnose -> plan -> execute -> verify -> propose -> (a person) -> ship

A run is a row, not a coroutine: after a restart other code may read it, so its complete state is in
this record and in the stage records. `stage` is the next stage to run. `bot.domain.run_state` says
which state may follow which.
"""

from enum import IntEnum, StrEnum
from typing import ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from theseus_guard.record import Record

from bot.domain.people import Person, Place
from bot.domain.request_match import RequestMatch
from bot.domain.target import OWN_TARGET, TargetName

Goal = Literal["investigate", "fix", "change", "revert"]


class Stage(StrEnum):
    """The next stage of a run, in the order of the flow."""

    OBSERVE = "observe"
    DIAGNOSE = "diagnose"
    BRIEF = "brief"  # of a requested change: what it must do, and what would prove it
    PLAN = "plan"
    EXECUTE = "execute"
    VERIFY = "verify"
    PROPOSE = "propose"
    SHIP = "ship"
    WATCH = "watch"


class Status(StrEnum):
    """Whether the run is being worked on."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for a person, or for a time; holds no worker
    DONE = "done"
    FAILED = "failed"  # ended without a result
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"  # interrupted twice in the same stage


class Waiting(StrEnum):
    """What a waiting run waits for."""

    QUESTION = "question"  # people's answer; its default applies after a time
    AGREEMENT = "agreement"  # a person's agreement to the brief
    JUDGEMENT = "judgement"  # an approver who reads a plausible fix
    APPROVAL = "approval"  # a person's approval of the proposal
    UNSHIPPED = "unshipped"  # a new decision: shipping failed, and the thread says why
    UNREVISED = "unrevised"  # a new decision: a revision failed, the earlier proposal is valid
    USAGE_LIMIT = "usage_limit"  # the model's provider
    BUDGET = "budget"  # the money of a day or a person
    FORGE = "forge"  # the forge's own checks, or others that a merge needs
    TURN = "turn"  # an engine that has reached its limit of changes an hour
    PAUSED = "paused"  # autonomous work, while that is off
    STOPPED = "stopped"  # the emergency stop, which decides about the run
    THREAD = "thread"  # a thread to post in: there is none yet, or it accepts no posts


FINAL_STATUSES = frozenset(
    {Status.DONE, Status.FAILED, Status.CANCELLED, Status.REJECTED, Status.QUARANTINED}
)

_ENGINE_WAITS = (Waiting.USAGE_LIMIT, Waiting.BUDGET, Waiting.TURN)
_DECISIONS = (Waiting.AGREEMENT, Waiting.JUDGEMENT)  # a card with something to decide


FROM_MESSAGE = "message:"
"""What the keys of runs begin with that the words of a message started."""


class Trigger(Record):
    """What started a run: a person's message and its place. `key` makes a second request harmless.

    `origin` marks a run that the bot started on its own; its person is `ITSELF`.
    """

    former_names: ClassVar = {"own_words": "is_verbatim"}

    key: str
    goal: Goal
    person: Person
    place: Place
    text: str
    is_verbatim: bool = Field(
        default=False,
        description="`text` is the person's own: a file named in it is named by that person",
    )
    quotes_bot: bool = Field(
        default=False, description="`text` and `subject` are the bot's own, not a person's"
    )
    attached: str = Field(
        default="", description="text of the attached files: untrusted data, not a person's request"
    )
    subject: str = ""
    error_id: str | None = Field(default=None, description="short or full id of a journal record")
    answered: int | None = Field(
        default=None, description="id of the interaction whose answer was replied to"
    )
    origin: Literal["person", "incident", "audit", "goal"] = "person"
    incident: str | None = Field(default=None, description="id of the incident it is about")
    since: AwareDatetime | None = Field(
        default=None,
        description="the start of the incident's count; the run counts from the same time",
    )
    reverts: str | None = Field(default=None, description="the run whose change is reverted")
    retries: str | None = Field(default=None, description="the run that is tried again")
    issue: int | None = Field(
        default=None, description="number of the forge's issue with the request"
    )
    shaped_by: frozenset[int] = Field(
        default=frozenset(),
        description="ids of other people whose instructions it takes over from another run",
    )
    match: RequestMatch | None = Field(
        default=None,
        description="the failures it refers to; absent if the intake has not decided it",
    )
    target: TargetName = Field(default=OWN_TARGET, description="name of the bot that it is about")
    at: AwareDatetime

    @property
    def statement(self) -> str:
        """The text if a person wrote it; empty if it is the bot's own.

        Incident records of older versions do not say whose text it is.
        """
        return "" if self.quotes_bot or self.origin == "incident" else self.text

    @property
    def is_from_message(self) -> bool:
        """True if the words of a message started the run; not a command, a button or an issue."""
        return self.key.startswith(FROM_MESSAGE) and self.place.message_id is not None

    @property
    def material(self) -> str:
        """All text that came with the request. It is untrusted data."""
        return "\n\n".join(filter(None, (self.statement, self.attached)))


class Run(Record):
    """One row. `version` detects concurrent writers; `lease_*` says who works on it."""

    reads_newer = True

    id: str
    goal: Goal
    stage: Stage = Stage.OBSERVE
    status: Status = Status.QUEUED
    waiting: Waiting | None = Field(default=None, description="what it waits for, if it waits")
    trigger: Trigger
    attempt: int = Field(default=1, ge=1, description="increases when a person retries it")
    round: int = Field(default=1, ge=1, description="execute/verify round, from 1")
    first_round: int = Field(
        default=1,
        ge=1,
        description="the round in which the current change began; a revision moves it",
    )
    interruptions: int = Field(default=0, ge=0, description="in the current stage")
    version: int = Field(default=0, ge=0)
    created_at: AwareDatetime
    updated_at: AwareDatetime
    lease_owner: str | None = None
    lease_until: AwareDatetime | None = None
    thread_id: int | None = None
    card_id: int | None = Field(default=None, description="message id of the status card")
    reopened: int = Field(
        default=0, ge=0, description="the number of threads opened to replace a deleted one"
    )
    activity: str = Field(default="", description="what is being done right now, for the card")
    reason: str = Field(default="", description="why it ended, as people read it")
    parked_until: AwareDatetime | None = Field(
        default=None,
        description="when a waiting run continues on its own: a question, a usage limit",
    )
    parks: int = Field(default=0, ge=0, description="how often the current stage was parked")
    waits: int = Field(
        default=0, ge=0, description="how often the current stage waited for a provider or a budget"
    )
    fallback: Literal["", "offered", "chosen"] = Field(
        default="",
        description="whether the engine without a model may take over, or a person has let it",
    )
    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = Field(default=False, description="whether part of the cost is an estimate")

    @model_validator(mode="after")
    def _check_waiting(self) -> Self:
        if (self.status is Status.WAITING) != (self.waiting is not None):
            raise ValueError(f"a run that is {self.status} cannot wait for {self.waiting}")
        return self

    @property
    def is_parked(self) -> bool:
        """True if it continues on its own, at `parked_until` at the latest."""
        return self.status is Status.WAITING and self.parked_until is not None

    @property
    def can_be_retried(self) -> bool:
        """True if it has ended and shipped nothing."""
        answered = self.status is Status.DONE and self.stage is Stage.DIAGNOSE
        return answered or self.status in FINAL_STATUSES - {Status.DONE}

    @property
    def waits_for_engine(self) -> bool:
        """True if it waits until its engine may be used."""
        return self.waiting in _ENGINE_WAITS

    @property
    def can_switch_engine(self) -> bool:
        """True if it waits for its engine, and people may let the fallback try."""
        return self.fallback == "offered" and self.waits_for_engine

    @property
    def asks(self) -> bool:
        """True if it waits for an answer to a message in its thread.

        After a message may have been lost, only that message is posted again.
        """
        return self.is_parked or self.waiting in _DECISIONS

    @property
    def under_way(self) -> bool:
        """True if the bot has work to do for it now or later, without a person's next message."""
        waits = self.stage is Stage.SHIP or self.waiting in _DECISIONS
        return not self.has_ended and not (self.status is Status.WAITING and waits)

    @property
    def has_ended(self) -> bool:
        """True if nothing more will happen without a person."""
        return self.status in FINAL_STATUSES


class Lane(IntEnum):
    """How urgent a run is, the most urgent lane first.

    A worker of a lane takes runs from the more urgent lanes first, so urgent work never waits
    behind long work.
    """

    SHIPPING = 0  # approved: a person waits, and the base branch may move meanwhile
    QUICK = 1  # a person asked, and no search is needed
    SEARCH = 2  # minutes of an engine's time, and all autonomous work


def get_lane(run: Run) -> Lane:
    """Return the current lane of a run; it changes with its stage."""
    if run.stage is Stage.SHIP:
        return Lane.SHIPPING
    quick = run.goal in ("investigate", "revert") or run.stage is Stage.BRIEF
    return Lane.QUICK if quick and run.trigger.origin == "person" else Lane.SEARCH


class Recovery(StrEnum):
    """What to do with a run found after a start."""

    LEAVE = "leave"  # ended, waiting for a person, or a live worker has it
    CONTINUE = "continue"  # its worker is gone: run the stage again
    QUARANTINE = "quarantine"


MAX_INTERRUPTIONS = 2


def choose_recovery(run: Run, *, alive: frozenset[str]) -> Recovery:
    """Choose what to do with a run in the store; `alive` are the lease owners known to be alive."""
    if run.status is not Status.RUNNING or run.lease_owner in alive:
        return Recovery.LEAVE
    if run.interruptions + 1 >= MAX_INTERRUPTIONS:
        return Recovery.QUARANTINE
    return Recovery.CONTINUE
