"""Works past runs again with another engine, and compares the results with theirs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from bot.domain.errors import BudgetSpent, PortError, TheseusError, WorkspaceError
from bot.domain.experience import CaseTrial, ExperienceLimits, ExperienceReport
from bot.domain.history import History
from bot.domain.plan import Plan
from bot.domain.run import Run, Status
from bot.domain.target import OWN_TARGET
from bot.learning.cases import get_fault_class
from bot.ports.agent import Assignment, Budget, CodeAgent, Finished
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace, Workspaces

_LOOKED_AT = 300  # of the newest ended runs
_COMPARED = frozenset({Status.DONE, Status.FAILED, Status.REJECTED})
"""How a run ended whose result can be compared: a cancelled one might have been solved."""
_PREFIX = "again"
"""What the names of the worktrees of trials begin with; no run id does."""
_log = structlog.stdlib.get_logger(__name__)

OnTrial = Callable[[CaseTrial], Awaitable[None]]


async def ignore_trial(_: CaseTrial) -> None:
    """Do nothing with the result of a trial."""


@dataclass(frozen=True, eq=False)
class ExperienceReplay:
    """Gives an engine the plans of ended runs, at their own commits, and proves what it writes.

    A trial starts nothing, proposes nothing and ships nothing: its worktree is dropped. A case is
    solved if the engine changes something, the test that showed the fault passes, and so do the
    quick checks, as for a proposal. The trial is not told what the run did.
    """

    store: Store
    workspaces: Workspaces
    verifier: Verifier
    clock: Clock

    async def list_cases(self) -> list[tuple[Run, History]]:
        """Return the runs that can be worked again, each class of fault in turn, newest first.

        Raises `StoreError`.
        """
        ended = await self.store.find(status=_COMPARED, limit=_LOOKED_AT)
        own = [each for each in ended if each.goal == "fix" and each.trigger.target == OWN_TARGET]
        histories = await self.store.get_histories([run.id for run in own])
        found = [(run, histories[run.id]) for run in own if _can_replay(histories[run.id])]
        return _sort_cases(found)

    async def replay(
        self, engine: CodeAgent, limits: ExperienceLimits, on_trial: OnTrial = ignore_trial
    ) -> ExperienceReport:
        """Return how an engine does on past cases, within the limits. Raises `StoreError`."""
        ends = self.clock.monotonic() + limits.seconds
        trials: list[CaseTrial] = []
        cases = (await self.list_cases())[: limits.cases]
        for run, history in cases:
            seconds = ends - self.clock.monotonic()
            usd = limits.usd - sum(each.cost_usd for each in trials)
            if seconds <= 0 or (engine.can_follow_instructions and usd <= 0):
                break
            trial = await self._try_again(engine, run, history, Budget(seconds=seconds, usd=usd))
            trials.append(trial)
            await on_trial(trial)
        return ExperienceReport(
            engine=engine.name, trials=tuple(trials), omitted=len(cases) - len(trials)
        )

    async def _try_again(
        self, engine: CodeAgent, run: Run, history: History, budget: Budget
    ) -> CaseTrial:
        started = self.clock.monotonic()
        trial = CaseTrial(
            run_id=run.id,
            fault=get_fault_class(history.evidence),
            was_solved=history.proposal is not None,
        )
        try:
            async with asyncio.timeout(budget.seconds):
                trial = await self._work(engine, history, budget, trial)
        except TimeoutError:
            trial = trial.replace(why="it was not done in time")
        except BudgetSpent as error:
            trial = trial.replace(why=str(error), cost_usd=budget.usd)
        except (PortError, WorkspaceError) as error:
            trial = trial.replace(why=str(error))
        finally:
            await self._drop(run.id)
        return trial.replace(seconds=self.clock.monotonic() - started)

    async def _work(
        self, engine: CodeAgent, history: History, budget: Budget, trial: CaseTrial
    ) -> CaseTrial:
        evidence, plan = history.evidence, history.plan
        if evidence is None or plan is None:
            raise AssertionError("a run without a plan was chosen as a case")
        name = f"{_PREFIX}{trial.run_id}"
        await self.workspaces.drop(name)
        async with self.workspaces.open(name, base=evidence.base, slug="experience") as workspace:
            assignment = _build_assignment(name, history, plan)
            finished = await _wait_for_result(engine, assignment, workspace, budget)
            if finished is None:
                return trial.replace(solved=False, why="it asked a question, or gave no result")
            trial = trial.replace(cost_usd=finished.cost_usd)
            if finished.cannot or not await workspace.list_changes():
                return trial.replace(solved=False, why=finished.cannot or "nothing was changed")
            await workspace.commit("Work on a past case again\n")
            why = await self._find_objection(workspace, plan)
            return trial.replace(solved=not why, why=why)

    async def _find_objection(self, workspace: Workspace, plan: Plan) -> str:
        """Return the first test or check that fails; empty if all pass."""
        tests = [each for each in (plan.reproduction, *plan.witnesses) if each is not None]
        proofs = await self.verifier.run_reproductions(tests, workspace)
        files = [each.path for each in await workspace.list_changes()]
        foreign = sorted(set(files) - plan.owned_files - {each.path for each in tests})
        if foreign:
            return f"it changed files that the plan does not own: {', '.join(foreign[:3])}"
        failed = next((each for each in proofs if each.status != "passed"), None)
        if failed is not None or not proofs:
            return f"the test that shows the fault: {failed.status if failed else 'was not run'}"

        checks = await self.verifier.run_checks("quick", workspace, files, _ignore_check)
        failed = next((each for each in checks if not each.ok), None)
        return failed.description if failed is not None else ""

    async def _drop(self, run_id: str) -> None:
        try:
            await self.workspaces.drop(f"{_PREFIX}{run_id}")
        except TheseusError as error:  # the next trial of this case drops it first
            _log.warning("the worktree of a trial could not be removed: %s", error)


def _can_replay(history: History) -> bool:
    plan = history.plan
    known = history.evidence is not None and history.diagnosis is not None
    return known and plan is not None and plan.reproduction is not None


def _sort_cases(found: Sequence[tuple[Run, History]]) -> list[tuple[Run, History]]:
    """Return one case of each class of fault, then the second of each, and so on."""
    seen: dict[str, int] = {}
    ranked = []
    for run, history in found:
        fault = get_fault_class(history.evidence)
        seen[fault] = seen.get(fault, 0) + 1
        ranked.append((seen[fault], run, history))
    return [(run, history) for _, run, history in sorted(ranked, key=lambda each: each[0])]


def _build_assignment(name: str, history: History, plan: Plan) -> Assignment:
    """Return the work of the run's first round, as the bot's own request: nobody is charged."""
    if history.evidence is None or history.diagnosis is None:
        raise AssertionError("a run without evidence was chosen as a case")
    return Assignment(
        run_id=name,
        round=1,
        evidence=history.evidence,
        diagnosis=history.diagnosis,
        plan=plan,
    )


async def _wait_for_result(
    engine: CodeAgent, assignment: Assignment, workspace: Workspace, budget: Budget
) -> Finished | None:
    result = None
    async with aclosing(engine.work(assignment, workspace, budget)) as updates:
        async for update in updates:
            if isinstance(update, Finished):
                result = update
    return result


async def _ignore_check(_: object) -> None:
    """Do nothing with the result of a check."""
