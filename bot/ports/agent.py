"""The code agent port: engines that write a change."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Literal, Protocol

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.brief import Brief
from bot.domain.change import Attempt, ChangeSet, EngineRemark, Grant, Proven, Verdict
from bot.domain.cost import Cost
from bot.domain.dialogue import Answer, Question
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.part_notes import BoardSeat
from bot.domain.people import ITSELF
from bot.domain.plan import Approach, Plan
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.progress import Todo, TranscriptEntry
from bot.ports.workspace import Workspace


class Budget(Record):
    """Limits of one call: wall-clock seconds and US dollars."""

    seconds: float = Field(gt=0)
    usd: float = Field(default=0.0, ge=0)


class PartOfWork(Record):
    """The part of a change that an assignment covers, and the files that the `others` own, by name.

    `retry_reason` says why the part is written again, on top of the others: how it failed next to
    them. `conflict` is what both sides have where they do not merge, as data.
    """

    name: str
    others: dict[str, tuple[str, ...]]
    retry_reason: str = ""
    conflict: str = ""


class Assignment(Record):
    """The work for one call of an engine.

    `request` is the person's text, as untrusted data; empty if no person asked. For a change that
    nothing failed for, `brief` is what people agreed on, and `diagnosis` only repeats it. `plan` is
    what to do; from round 2 on, `previous` and `feedback` are the last round's.

    `steering` is what listed people asked of the change, oldest first; engines that cannot follow
    instructions ignore it. `abandoned` is what they asked in revisions that were given up: it is
    not asked any more, but newer instructions may refer to it.

    `resumed` is true if a process that is gone began this round; its edits are gone too. If a
    question was asked in this round, `question` and `answer` are set, and the workspace has the
    work done before it. `attempt` is the run's.

    `person_id` is the person who asked and is charged. If several candidates are written,
    `candidate` is the number of this one, from 1: each starts from base, in a separate
    conversation, and follows its `approach` if the plan has several. If the change is written in
    parts, `part` is this one, and the plan has only its steps.
    """

    run_id: str
    person_id: int = ITSELF.id
    attempt: int = 1
    round: int
    candidate: int = 1
    approach: Approach | None = None
    part: PartOfWork | None = None
    request: str = ""
    evidence: Evidence
    diagnosis: Diagnosis
    brief: Brief | None = None
    plan: Plan
    previous: ChangeSet | None = None
    feedback: Verdict | None = None
    steering: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    resumed: bool = False
    question: Question | None = None
    answer: Answer | None = None
    named: frozenset[str] = Field(
        default=frozenset(),
        description="files that people named; these may be owned even if guarded",
    )
    expects_other_output: bool = Field(
        default=False, description="the output is reported as incorrect, so it has to change"
    )


News = Callable[[], Sequence[str]]
"""Returns the new instructions of listed people since the last call, oldest first.

Returned instructions count as received. Instructions that an engine does not fetch are handled in
the next round.
"""


def get_no_news() -> Sequence[str]:
    """Return no instructions."""
    return ()


Checkup = Callable[[Sequence[Grant]], Awaitable[Verdict]]
"""Formats the worktree as it is and checks it, the cheapest checks first, up to the first failure.

It takes the files that the engine was granted. The verdict is about no commit: its `head` is empty.
"""


async def skip_checkup(_: Sequence[Grant]) -> Verdict:
    """Return a verdict without any check."""
    return Verdict(head="", round=1)


class Progress(Cost):
    """The agent's current activity, as one short line for the card, and the cost of this call.

    A `milestone` also gets a separate line in the thread. `todos` replace the list on the card,
    `None` leaves it. `entry` is for the transcript; if there is nothing else, `text` is empty.
    """

    kind: Literal["progress"] = "progress"
    text: str
    milestone: bool = False
    todos: tuple[Todo, ...] | None = None
    entry: TranscriptEntry | None = None


class QuestionAsked(Cost):
    """A question that only a person can answer. Work continues in another call, with the answer.

    If there are `choices`, only one of them is an answer, or a literal if `values` is set. `memo`
    is for the engine itself and is returned with the answer.
    """

    kind: Literal["asked"] = "asked"
    text: str = Field(min_length=1, max_length=1_500)
    default: str = Field(min_length=1, max_length=500)
    choices: tuple[str, ...] = Field(default=(), max_length=5)
    values: bool = False
    memo: str = ""


class Finished(Cost):
    """The agent's result. The verifier decides whether it holds.

    `changed` is the agent's claim; the changed files are read from the workspace. `attempts` lists
    what was tried, with or without success. The other fields are as in `ChangeSet`. If `cannot` is
    set, edits left in the workspace are ignored.
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
    keeps_output: bool = False


Update = Progress | QuestionAsked | Finished


class CodeAgent(Protocol):
    """Writes a change into a borrowed workspace."""

    @property
    def name(self) -> str:
        """The engine's name: `offline`, `claude`."""
        ...

    @property
    def can_follow_instructions(self) -> bool:
        """True if it can follow people's instructions, beyond making tests pass."""
        ...

    def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then exactly one final update: `Finished` or `QuestionAsked`.

        The engine edits files under `workspace.path` and leaves them uncommitted. From round 2 on,
        the workspace has the commits of earlier rounds. An engine that can follow instructions
        calls `news` while it works; others never do. An engine that can answer to failed checks
        calls `checkup` before it is done. The engine of one part may use the `board`. Closing the
        iterator or cancelling ends the engine's process group before it returns. The engine never
        has forge or chat credentials. Raises `AgentError` (`AgentTimeout` after the budget's
        seconds) and `BudgetSpent`; the last `Progress` has the cost until then.
        """
        ...
