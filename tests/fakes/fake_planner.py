"""A planner with scripted answers."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from bot.domain.errors import TheseusError
from bot.domain.plan import Approach, Plan, Reproduction
from bot.ports.agent import Progress
from bot.ports.planner import Case, Diagnosed, Planned
from bot.ports.workspace import Workspace


def finish_draft(plan: Plan) -> asyncio.Future[Plan]:
    """Return the rules' plan as one that is complete already."""
    draft: asyncio.Future[Plan] = asyncio.get_running_loop().create_future()
    draft.set_result(plan)
    return draft


class FakePlanner:
    """Implements `bot.ports.planner.Planner`.

    `cause` is its diagnosis, `solution` its plan. `error` is raised instead of either, after some
    cost. `errors` are raised first, one per call. `approaches` are those of its plan.
    """

    name = "fake (rules of thumb)"

    def __init__(
        self,
        *,
        cause: str = "The index is one too high.",
        solution: str = "Take one away.",
        test: Reproduction | None = None,
        error: TheseusError | None = None,
        errors: Sequence[TheseusError] = (),
        approaches: tuple[Approach, ...] = (),
    ) -> None:
        self.cause = cause
        self.solution = solution
        self.test = test
        self._errors = [*errors]
        self._approaches = approaches
        self.error = error
        self.asked: list[Case] = []

    async def diagnose(
        self, case: Case, workspace: Workspace
    ) -> AsyncGenerator[Progress | Diagnosed, None]:
        """Return the case's diagnosis with the planner's cause."""
        self.asked.append(case)
        yield Progress(text="reading the evidence", cost_usd=0.005, tokens_in=50)
        self._raise_next_error()
        found = case.diagnosis.replace(cause=self.cause, explained_by=self.name)
        yield Diagnosed(diagnosis=found, cost_usd=0.01, tokens_in=100, tokens_out=10)

    async def plan(
        self, case: Case, draft: asyncio.Future[Plan], workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Return a plan with the planner's solution."""
        self.asked.append(case)
        yield Progress(text="thinking about a plan", cost_usd=0.005, tokens_in=50)
        self._raise_next_error()
        ids = case.diagnosis.evidence_ids
        plan = (await draft).replace(
            solution=self.solution,
            written_by=self.name,
            evidence_ids=ids,
            approaches=self._approaches,
        )
        found = case.diagnosis.replace(cause=self.cause, explained_by=self.name)
        yield Planned(
            diagnosis=found, plan=plan, test=self.test, cost_usd=0.02, tokens_in=200, tokens_out=20
        )

    def _raise_next_error(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        if self.error is not None:
            raise self.error
