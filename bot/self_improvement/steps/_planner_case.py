"""The case that a planner examines, and calls of planners, which rules can replace."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from theseus_observe.redaction import redact

from bot.authority.named_files import collect_named_files
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.account import Account, Purpose
from bot.domain.cost import Cost
from bot.domain.errors import OutOfBounds, PortError, TheseusError
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.research import NumberedPassages, ResearchReport
from bot.domain.run import Run
from bot.ports.planner import Case
from bot.research.run_research import RunResearch
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.rule_diagnosis import diagnose_by_rules
from bot.self_improvement.runs.agent_updates import OnProgress
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.step_progress import StepProgress

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PlannerCalls:
    """Calls a planner for a run, within the budget, and says so if it fails."""

    calls: ModelCalls
    cost_meter: RunCostMeter
    progress: StepProgress
    notifier: RunNotifier
    engines: WritingEngines
    research: RunResearch | None = None

    async def ask(
        self,
        run: Run,
        history: History,
        part: Purpose,
        planner: str,
        call: Callable[[OnProgress], Awaitable[tuple[T, Cost]]],
    ) -> T:
        """Return the planner's answer. Raises `AgentError`, `BudgetSpent`."""

        async def ask_and_note() -> T:
            show = self.progress.build_progress_handler(run, history)
            answer, cost = await call(show)
            self.cost_meter.note(run.id, cost)
            return answer

        return await self.calls.record(run, part, planner, ask_and_note())

    async def look_up(self, run: Run, question: str, purpose: Purpose) -> NumberedPassages:
        """Return what sources say about a question; nothing without one, or without sources.

        It only helps the planner, so an error is journalled and the planner works without it.
        """
        if self.research is None or not question:
            return ()
        account = Account(purpose=purpose, person_id=run.trigger.person.id, run_id=run.id)
        try:
            passages, _ = await self.research.look_up(question, account)
        except (OutOfBounds, PortError) as error:
            self.calls.record_error(run, error)
            return ()
        return passages

    def list_research(self, run: Run) -> tuple[ResearchReport, ...]:
        """Return what the run read and claimed, for its records; empty if it asked nothing."""
        report = self.research.build_report(run.id) if self.research is not None else None
        return (report,) if report is not None else ()

    async def report_failure(self, run: Run, error: TheseusError, instead: str) -> None:
        """Say that the planner failed, and what is used instead."""
        self.calls.record_error(run, error)
        key = f"planner:{run.attempt}:{run.goal}"
        await self.notifier.say(run, f"⚠️ {redact(str(error))} {instead}", key=key)


def build_case(
    run: Run, history: History, evidence: Evidence, passages: NumberedPassages = ()
) -> Case:
    """Return the planner's case: the request, the evidence, the rules' diagnosis."""
    return Case(
        run_id=run.id,
        person_id=run.trigger.person.id,
        attempt=run.attempt,
        text=run.trigger.material,
        evidence=evidence,
        diagnosis=diagnose_by_rules(evidence),
        named=collect_named_files(run, history),
        passages=passages,
    )
