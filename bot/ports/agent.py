"""The code agent door: whoever writes the change. Its kinds are engines."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from pydantic import Field

from bot.domain.change import Attempt, ChangeSet, Verdict
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.plan import Plan
from bot.domain.record import Record
from bot.ports.workspace import Workspace


class Budget(Record):
    """What one call may use: wall-clock seconds and US dollars."""

    seconds: float = Field(gt=0)
    usd: float = Field(default=0.0, ge=0)


class Assignment(Record):
    """What is to be done. From round 2 on, `previous` and `feedback` are the last round's.

    `steering` is what people of the allow-list said in the thread since the run began.
    """

    run_id: str
    round: int
    evidence: Evidence
    diagnosis: Diagnosis
    plan: Plan
    previous: ChangeSet | None = None
    feedback: Verdict | None = None
    steering: tuple[str, ...] = ()


class Progress(Record):
    """What the agent is doing now, one short line for the card."""

    kind: Literal["progress"] = "progress"
    text: str
    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


class Finished(Record):
    """The agent's last word. Whether it holds is for the verifier to say.

    `changed` is the agent's claim; files are read from the workspace. `attempts` tells what was
    tried, whether or not something was found.
    """

    kind: Literal["finished"] = "finished"
    changed: bool
    summary: str
    attempts: tuple[Attempt, ...] = ()
    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


Update = Progress | Finished


class CodeAgent(Protocol):
    """Writes a change into a lent workspace."""

    @property
    def name(self) -> str:
        """Return the engine's name: `offline`, `claude`."""
        ...

    def work(
        self, assignment: Assignment, workspace: Workspace, budget: Budget
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then exactly one `Finished`.

        Edits files under `workspace.path` and leaves them uncommitted. From round 2 on the
        workspace holds the earlier round's commits. Closing the iterator or
        cancelling ends the engine's processes (the whole group) before it returns. It never holds
        forge or chat credentials. Raises `AgentUnavailable`, `AgentTimeout` (budget's seconds),
        `BudgetSpent`, `AgentOutputInvalid`.
        """
        ...
