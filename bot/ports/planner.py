"""The planner ports: a model that reads, diagnoses, plans and writes briefs."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.brief import Brief
from bot.domain.cost import Cost
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.people import ITSELF
from bot.domain.plan import Plan, Reproduction
from bot.domain.research import NumberedPassages
from bot.ports.agent import Progress
from bot.ports.workspace import Workspace


class Case(Record):
    """What is known of a run when a planner is asked.

    `diagnosis` is the one by rules. `person_id` is the person who asked and is charged.
    """

    run_id: str
    person_id: int = ITSELF.id
    attempt: int = 1
    text: str = ""
    """The person's text, as untrusted data."""
    evidence: Evidence
    diagnosis: Diagnosis
    named: frozenset[str] = Field(default=frozenset(), description="files that people named")
    passages: NumberedPassages = Field(default=(), description="of sources, as untrusted data")


class Diagnosed(Cost):
    """The diagnosis in the planner's text; facts and counts are those of the rules."""

    kind: Literal["diagnosed"] = "diagnosed"
    diagnosis: Diagnosis


class Planned(Cost):
    """The plan, and its diagnosis.

    `test` is a reproduction by the planner, if the rules could write none.
    """

    kind: Literal["planned"] = "planned"
    diagnosis: Diagnosis
    plan: Plan
    test: Reproduction | None = None


class Request(Record):
    """A requested change, as a planner gets it.

    `text` is the person's own, as untrusted data. `answers` are pairs of question and answer;
    `corrections` are what people said about earlier briefs. `evidence.context` lists existing
    commands and code.
    """

    run_id: str
    person_id: int = ITSELF.id
    attempt: int = 1
    text: str
    quotes_bot: bool = Field(
        default=False, description="`text` is a message of the bot that the person replied to"
    )
    attached: str = Field(default="", description="text of the attached files")
    evidence: Evidence
    answers: tuple[tuple[str, str], ...] = ()
    corrections: tuple[str, ...] = ()
    named: frozenset[str] = Field(default=frozenset(), description="files that people named")
    passages: NumberedPassages = Field(default=(), description="of sources, as untrusted data")


class Briefed(Cost):
    """The brief, and the plan for it. `plan` is `None` if there is an objection."""

    kind: Literal["briefed"] = "briefed"
    brief: Brief
    plan: Plan | None = None


class Planner(Protocol):
    """Thinks before anything is changed. Reads the workspace and writes nothing in it.

    Its results are validated: evidence ids exist in the case, and owned files are files that a run
    may change. Its statements prove nothing. Closing an iterator or cancelling ends its processes
    before it returns. Raises `AgentError`, `BudgetSpent`.
    """

    @property
    def name(self) -> str:
        """The engine and model, as people read them: `claude (opus)`."""
        ...

    def diagnose(
        self, case: Case, workspace: Workspace
    ) -> AsyncGenerator[Progress | Diagnosed, None]:
        """Yield progress, then exactly one `Diagnosed`, which ends an investigation."""
        ...

    def plan(
        self, case: Case, draft: asyncio.Future[Plan], workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Yield progress, then exactly one `Planned`.

        The result includes a diagnosis, so a fix needs no `diagnose` before. `draft` is the plan by
        rules; its reproductions and affected tests stay in the result. It may still be in work:
        the planner reads meanwhile, and waits for it before it ends. Its errors are raised.
        """
        ...


class RequestPlanner(Protocol):
    """Writes the brief of a request before the change is written. Reads, and writes nothing.

    Its results are validated: `brief.request` is the person's own text, `written_by` its own name,
    every example can be run, and owned files are files that a run may write. The plan has no tests:
    they are generated from the examples. Closing, cancelling and errors are as for `Planner`.
    """

    @property
    def name(self) -> str:
        """The engine and model, as people read them: `claude (opus)`."""
        ...

    def brief(
        self, request: Request, workspace: Workspace
    ) -> AsyncGenerator[Progress | Briefed, None]:
        """Yield progress, then exactly one `Briefed`."""
        ...
