"""The code agent port: whoever writes the change. Its kinds are engines."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Literal, Protocol

from pydantic import Field

from bot.domain.brief import Brief
from bot.domain.change import Attempt, ChangeSet, EngineRemark, Grant, Proven, Verdict
from bot.domain.cost import Cost
from bot.domain.dialogue import Answer, Question
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.people import ITSELF
from bot.domain.plan import Plan
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.record import Record
from bot.ports.workspace import Workspace


class Budget(Record):
    """What one call may use: wall-clock seconds and US dollars."""

    seconds: float = Field(gt=0)
    usd: float = Field(default=0.0, ge=0)


class PartOfWork(Record):
    """Which part of a change an assignment is, and which files the `others`, by name, own.

    `again` is why it is written once more, on top of those: how it failed beside them.
    """

    name: str
    others: dict[str, tuple[str, ...]]
    retry_reason: str = ""


class Assignment(Record):
    """What is to be done. From round 2 on, `previous` and `feedback` are the last round's.

    `request` is what the person said, as data; empty where nobody said anything. Where nothing
    failed and something is wanted, `brief` is what people agreed to; `diagnosis` says no more then.
    `steering` is what listed people asked of the change, oldest first; an engine that follows no
    words ignores it. `resumed` says that this round was begun before by a process that is gone: its
    edits are gone too. Where a question was asked in this round, `question` and `answer` are it,
    and the workspace holds what was done by then. `attempt` is the run's.
    `person_id` is who asked for it, and is charged. Where several candidates of a change are
    written, `candidate` is which one, from 1: each from base, in a conversation of its own that
    knows nothing of the others. Where the change is written in parts, `part` is which one; its
    plan has that part's steps alone.
    """

    run_id: str
    person_id: int = ITSELF.id
    attempt: int = 1
    round: int
    candidate: int = 1
    part: PartOfWork | None = None
    request: str = ""
    evidence: Evidence
    diagnosis: Diagnosis
    brief: Brief | None = None
    plan: Plan
    previous: ChangeSet | None = None
    feedback: Verdict | None = None
    steering: tuple[str, ...] = ()
    resumed: bool = False
    question: Question | None = None
    answer: Answer | None = None
    named: frozenset[str] = Field(
        default=frozenset(), description="files people named: these may be owned, guarded or not"
    )


News = Callable[[], Sequence[str]]
"""Returns what listed people have asked of the change since it was last called, oldest first.

Whatever it returns counts as heard; what it is not asked for is taken up in the next round.
"""


def get_no_news() -> Sequence[str]:
    """Return nothing: nobody says anything."""
    return ()


class Progress(Cost):
    """What the agent is doing now, one short line for the card; spent so far in this call.

    A `milestone` is worth a line of its own in the thread.
    """

    kind: Literal["progress"] = "progress"
    text: str
    milestone: bool = False


class QuestionAsked(Cost):
    """A question only a person can answer. The work goes on in another call, with the answer.

    Where there are `choices`, one of them is the answer, and nothing else is, but for a literal
    with `values`. `memo` is for the engine itself: it comes back with the answer.
    """

    kind: Literal["asked"] = "asked"
    text: str = Field(min_length=1, max_length=1_500)
    default: str = Field(min_length=1, max_length=500)
    choices: tuple[str, ...] = Field(default=(), max_length=5)
    values: bool = False
    memo: str = ""


class Finished(Cost):
    """The agent's last word. Whether it holds is for the verifier to say.

    `changed` is the agent's claim; files are read from the workspace. `attempts` tells what was
    tried, whether or not something was found. The rest is as in `ChangeSet`; where it `cannot`,
    nothing it left in the workspace counts.
    """

    kind: Literal["finished"] = "finished"
    changed: bool
    summary: str
    attempts: tuple[Attempt, ...] = ()
    granted: tuple[Grant, ...] = ()
    cannot: str = ""
    unrelated: tuple[EngineRemark, ...] = ()
    not_done: tuple[EngineRemark, ...] = ()
    title: str = ""
    description: str = ""
    review: str = ""
    approved: bool | None = None
    proven: Proven = ""
    reverted_commit: str = ""
    doubts: tuple[str, ...] = ()
    plausible_edit: PlausibleEdit | None = None
    stated: tuple[str, ...] = ()
    memo: str = ""


Update = Progress | QuestionAsked | Finished


class CodeAgent(Protocol):
    """Writes a change into a lent workspace."""

    @property
    def name(self) -> str:
        """Return the engine's name: `offline`, `claude`."""
        ...

    @property
    def can_follow_instructions(self) -> bool:
        """Return whether it can do what people ask in words, beyond making tests pass."""
        ...

    def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then exactly one last update: `Finished`, or `QuestionAsked`.

        Edits files under `workspace.path` and leaves them uncommitted. From round 2 on the
        workspace holds the earlier round's commits. An engine that follows words asks for `news`
        while it works and does what it hears; one that does not never asks. Closing the iterator or
        cancelling ends the engine's processes (the whole group) before it returns. It never holds
        forge or chat credentials. Raises `AgentError` (`AgentTimeout` after the budget's seconds)
        and `BudgetSpent`; what was spent by then is in the last `Progress`.
        """
        ...
