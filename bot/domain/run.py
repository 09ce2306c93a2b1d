"""The run: an explicit, durable state machine.

    observe -> diagnose -> plan -> execute -> verify -> propose -> (a person) -> ship

A run is a row, not a coroutine: after a restart other code may read it, so all that is known of it
stands here and in the stage records. `stage` is the next thing to do. Which state may follow which
stands in `bot.domain.run_state`.
"""

from enum import IntEnum, StrEnum
from typing import ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from bot.domain.people import Person, Place
from bot.domain.record import Record

Goal = Literal["investigate", "fix", "change", "revert"]


class Stage(StrEnum):
    """What a run does next, in the order of the flow."""

    OBSERVE = "observe"
    DIAGNOSE = "diagnose"
    BRIEF = "brief"  # of a change that is wanted: what is meant, and what would prove it
    PLAN = "plan"
    EXECUTE = "execute"
    VERIFY = "verify"
    PROPOSE = "propose"
    SHIP = "ship"
    WATCH = "watch"


class Status(StrEnum):
    """Whether anything is being done about the run."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for a person, or for a time; holds no worker
    DONE = "done"
    FAILED = "failed"  # ended honestly without a result
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"  # interrupted twice in the same stage


class Waiting(StrEnum):
    """What a waiting run waits for."""

    QUESTION = "question"  # people's answer; its default counts after a time
    AGREEMENT = "agreement"  # a person's go-ahead for what was understood
    JUDGEMENT = "judgement"  # an approver who reads what was found, not proven
    APPROVAL = "approval"  # a person's word about what is proposed
    UNSHIPPED = "unshipped"  # another word: shipping did not work, and the thread says why
    UNREVISED = "unrevised"  # another word: a revision came to nothing, what stood before stands
    USAGE_LIMIT = "usage_limit"  # the model's provider
    BUDGET = "budget"  # money, of a day or a person
    FORGE = "forge"  # the forge's own checks, or whoever else a merge needs and cannot be asked
    TURN = "turn"  # an engine that has begun as many changes as it may in an hour
    PAUSED = "paused"  # work nobody asked for, while that is off
    STOPPED = "stopped"  # the emergency stop, which decides about it
    THREAD = "thread"  # a thread to speak in: there is none yet, or it takes nothing


FINAL_STATUSES = frozenset(
    {Status.DONE, Status.FAILED, Status.CANCELLED, Status.REJECTED, Status.QUARANTINED}
)

_DECISIONS = (Waiting.AGREEMENT, Waiting.JUDGEMENT)  # a card with something to decide


class Trigger(Record):
    """What started a run: somebody's words, in their place. `key` makes asking twice harmless.

    What the bot starts by itself says so in `origin`; its person is `ITSELF`.
    """

    former_names: ClassVar = {"own_words": "is_verbatim"}

    key: str
    goal: Goal
    person: Person
    place: Place
    text: str
    is_verbatim: bool = Field(
        default=False,
        description="`text` is what the person said themselves: a file in it is named by them",
    )
    quotes_bot: bool = Field(
        default=False, description="`text` and `subject` are the bot's own: nobody said them"
    )
    attached: str = Field(
        default="", description="text of the files that came with it: data, and nobody's words"
    )
    subject: str = ""
    error_id: str | None = Field(default=None, description="short or full id of a journal record")
    answered: int | None = Field(
        default=None, description="id of the interaction whose answer was replied to"
    )
    origin: Literal["person", "incident", "audit"] = "person"
    incident: str | None = Field(default=None, description="id of the incident it is about")
    since: AwareDatetime | None = Field(
        default=None, description="since when that is counted: the run counts what it counts"
    )
    reverts: str | None = Field(default=None, description="the run whose change is undone")
    issue: int | None = Field(
        default=None, description="number of the forge's issue it is asked in"
    )
    shaped_by: frozenset[int] = Field(
        default=frozenset(), description="ids of others whose words it takes over from another run"
    )
    at: AwareDatetime

    @property
    def statement(self) -> str:
        """The text as far as people said it; empty where it is the bot's own.

        Records of incidents of older versions do not say whose it is.
        """
        return "" if self.quotes_bot or self.origin == "incident" else self.text

    @property
    def material(self) -> str:
        """All that came with the request, as data for whoever reads it."""
        return "\n\n".join(filter(None, (self.statement, self.attached)))


class Run(Record):
    """One row. `version` guards against two writers; `lease_*` says who works on it."""

    reads_newer = True

    id: str
    goal: Goal
    stage: Stage = Stage.OBSERVE
    status: Status = Status.QUEUED
    waiting: Waiting | None = Field(default=None, description="what for, where it waits")
    trigger: Trigger
    attempt: int = Field(default=1, ge=1, description="goes up when a person retries it")
    round: int = Field(default=1, ge=1, description="execute/verify round, from 1")
    first_round: int = Field(
        default=1, ge=1, description="the round the present change began with; a revision moves it"
    )
    interruptions: int = Field(default=0, ge=0, description="in the present stage")
    version: int = Field(default=0, ge=0)
    created_at: AwareDatetime
    updated_at: AwareDatetime
    lease_owner: str | None = None
    lease_until: AwareDatetime | None = None
    thread_id: int | None = None
    card_id: int | None = Field(default=None, description="message id of the living card")
    reopened: int = Field(default=0, ge=0, description="threads opened in place of a deleted one")
    activity: str = Field(default="", description="what is being done right now, for the card")
    reason: str = Field(default="", description="why it ended, for people")
    parked_until: AwareDatetime | None = Field(
        default=None, description="when a waiting run goes on by itself: a question, a usage limit"
    )
    parks: int = Field(default=0, ge=0, description="how often the present stage was parked")
    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = Field(default=False, description="whether some of what it cost is a guess")

    @model_validator(mode="after")
    def _check_waiting(self) -> Self:
        if (self.status is Status.WAITING) != (self.waiting is not None):
            raise ValueError(f"a run that is {self.status} cannot wait for {self.waiting}")
        return self

    @property
    def is_parked(self) -> bool:
        """Whether it goes on by itself, at `parked_until` at the latest."""
        return self.status is Status.WAITING and self.parked_until is not None

    @property
    def asks(self) -> bool:
        """Whether it waits for what people say to something it has said in its thread.

        It is told that again, and nothing else, where it may not have been heard.
        """
        return self.is_parked or self.waiting in _DECISIONS

    @property
    def under_way(self) -> bool:
        """Whether the bot has something to do for it, now or by and by, without another word."""
        waits = self.stage is Stage.SHIP or self.waiting in _DECISIONS
        return not self.has_ended and not (self.status is Status.WAITING and waits)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in FINAL_STATUSES


class Lane(IntEnum):
    """How soon a run is waited for, the most urgent first. A worker of a lane takes from it, and
    before that from the more urgent ones; so what is urgent never waits behind what takes long.
    """

    SHIPPING = 0  # approved: somebody said the word, and the base moves on meanwhile
    QUICK = 1  # a person asked, and nothing has to be searched for
    SEARCH = 2  # minutes of an engine's time, and whatever nobody asked for


def get_lane(run: Run) -> Lane:
    """Return the lane a run is in now; it changes with its stage."""
    if run.stage is Stage.SHIP:
        return Lane.SHIPPING
    quick = run.goal in ("investigate", "revert") or run.stage is Stage.BRIEF
    return Lane.QUICK if quick and run.trigger.origin == "person" else Lane.SEARCH


class Recovery(StrEnum):
    """What to do with a run found after a start."""

    LEAVE = "leave"  # ended, waiting for a person, or somebody alive works on it
    CONTINUE = "continue"  # was queued, or its worker is gone: do the stage again
    QUARANTINE = "quarantine"


MAX_INTERRUPTIONS = 2


def choose_recovery(run: Run, *, alive: frozenset[str]) -> Recovery:
    """Decide about a run found in the store; `alive` are the lease owners known to be alive."""
    if run.status is not Status.RUNNING or run.lease_owner in alive:
        return Recovery.LEAVE
    if run.interruptions + 1 >= MAX_INTERRUPTIONS:
        return Recovery.QUARANTINE
    return Recovery.CONTINUE
