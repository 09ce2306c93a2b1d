"""The planner ports: a model that reads, and says what is wrong or wanted, and what to do."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from pydantic import Field

from bot.domain.brief import Brief
from bot.domain.cost import Cost
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.people import ITSELF
from bot.domain.plan import Plan, Reproduction
from bot.domain.record import Record
from bot.ports.agent import Progress
from bot.ports.workspace import Workspace


class Case(Record):
    """What is known of a run when a planner is asked. `diagnosis` is what the rules made of it.

    `person_id` is who asked for it, and is charged.
    """

    run_id: str
    person_id: int = ITSELF.id
    attempt: int = 1
    text: str = ""
    """What the person said, as data."""
    evidence: Evidence
    diagnosis: Diagnosis
    named: frozenset[str] = Field(default=frozenset(), description="files people named")


class Diagnosed(Cost):
    """The diagnosis in the planner's words; facts and counts are the rules' own."""

    kind: Literal["diagnosed"] = "diagnosed"
    diagnosis: Diagnosis


class Planned(Cost):
    """The plan, and the diagnosis it follows from.

    `test` is a reproduction the planner wrote, where the rules could make none.
    """

    kind: Literal["planned"] = "planned"
    diagnosis: Diagnosis
    plan: Plan
    test: Reproduction | None = None


class Request(Record):
    """A change that somebody wants, when a planner is asked what it comes to.

    `words` are the person's own, as data; `answers` pair what was asked with what was answered,
    `corrections` are what people said of the briefs before. `evidence.context` tells what there is.
    """

    run_id: str
    person_id: int = ITSELF.id
    attempt: int = 1
    text: str
    quotes_bot: bool = Field(
        default=False, description="`words` are a message of the bot that the person pointed at"
    )
    attached: str = Field(default="", description="text of the files that came with it")
    evidence: Evidence
    answers: tuple[tuple[str, str], ...] = ()
    corrections: tuple[str, ...] = ()
    named: frozenset[str] = Field(default=frozenset(), description="files people named")


class Briefed(Cost):
    """What is wanted, and how it would be built. `plan` is absent where there is an objection."""

    kind: Literal["briefed"] = "briefed"
    brief: Brief
    plan: Plan | None = None


class Planner(Protocol):
    """Thinks before anything is changed. Reads the workspace, and writes nothing in it.

    What it returns is validated: evidence ids are ones the case has, owned files are files of the
    repository that a run may change. Its words are still only words; nothing is proven by them.
    Closing an iterator or cancelling ends its processes before it returns. Raises `AgentError`,
    `BudgetSpent`.
    """

    @property
    def name(self) -> str:
        """Return the engine and model, for people: `claude (opus)`."""
        ...

    def diagnose(
        self, case: Case, workspace: Workspace
    ) -> AsyncGenerator[Progress | Diagnosed, None]:
        """Yield progress, then exactly one `Diagnosed`: an investigation ends with it."""
        ...

    def plan(
        self, case: Case, draft: Plan, workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Yield progress, then exactly one `Planned`.

        It says what is wrong too: a fix needs no `diagnose` before. `draft` is the plan the rules
        made; its reproductions and affected tests are kept.
        """
        ...


class RequestPlanner(Protocol):
    """Says what a request comes to before anything of it is written. Reads, and writes nothing.

    What it returns is validated: `brief.request` is the person's own words, `written_by` its own
    name, every example can be played, and what the plan owns are files that a run may write. The
    plan's tests are left out: they are made of the examples. Closing or cancelling, and what it
    raises, are as of a `Planner`.
    """

    @property
    def name(self) -> str:
        """Return the engine and model, for people: `claude (opus)`."""
        ...

    def brief(
        self, request: Request, workspace: Workspace
    ) -> AsyncGenerator[Progress | Briefed, None]:
        """Yield progress, then exactly one `Briefed`."""
        ...
