"""Diagnose: states what the evidence shows and how certain it is, and no more."""

from bot.budget.allowance import check_run_budget
from bot.domain.cost import Cost
from bot.domain.errors import (
    AgentError,
    BudgetSpent,
    WorkspaceError,
)
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.history import History
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.ports.planner import Case, Planner
from bot.ports.workspace import Workspace
from bot.presentation.cards import to_plain_text
from bot.self_improvement.agent_updates import OnProgress, wait_for_result
from bot.self_improvement.rule_diagnosis import diagnose_by_rules
from bot.self_improvement.step_context import StepContext, need
from bot.self_improvement.steps._answer_report import AnswerReports
from bot.self_improvement.steps._planner_case import build_case, say_without_planner
from bot.self_improvement.steps._side_question import build_side_question, get_side_decision

_HOW_TO_INSIST = " If you disagree, `/runs retry {}` continues anyway."


class FaultAnalyzer:
    """Turns evidence into a diagnosis: by rules, then explained by a planner if there is one.

    Facts and counts always come from the rules.
    """

    def __init__(self, planner: Planner | None = None) -> None:
        self._planner = planner

    @property
    def planned_by(self) -> str | None:
        """The planner's name; `None` without a planner."""
        return self._planner.name if self._planner else None

    async def explain(
        self, case: Case, workspace: Workspace, on_progress: OnProgress
    ) -> tuple[Diagnosis, Cost]:
        """Return the planner's diagnosis of the case, and its cost.

        Raises `AgentError`, `BudgetSpent`.
        """
        if self._planner is None:
            return case.diagnosis, Cost()
        explained = await wait_for_result(
            self._planner.diagnose(case, workspace),
            on_progress,
            f"{self._planner.name} ended without a diagnosis.",
        )
        return explained.diagnosis, Cost().add(explained)


class DiagnoseStep:
    """Diagnoses. An investigation ends here, and so does a fault outside our code.

    Without `answers`, reports in which nothing failed are not handled.
    """

    def __init__(
        self, context: StepContext, analyzer: FaultAnalyzer, answers: AnswerReports | None = None
    ) -> None:
        self._context = context
        self._analyzer = analyzer
        self._answers = answers

    async def perform(self, run: Run, history: History) -> Run:
        """Diagnose the evidence; an investigation ends with the diagnosis."""
        transitions, evidence = self._context.transitions, need(history.evidence)
        diagnosis = diagnose_by_rules(evidence)
        if self._answers is not None and _can_be_incorrect_output(evidence, diagnosis):
            handled = await self._answers.perform(run, history, evidence)
            if handled is not None:
                return handled
        await self._context.memory.remember_diagnosis(run, history, diagnosis)
        if diagnosis.instead == "fixed":
            return await transitions.end(run, Edge.ANSWERED, diagnosis.summary, diagnosis)
        if run.goal == "investigate":
            if diagnosis.found and self._analyzer.planned_by:
                diagnosis = await self._explain(run, history, evidence, diagnosis)
                run = self._context.cost_meter.settle(run)
            text = diagnosis.headline if diagnosis.found else diagnosis.summary
            return await transitions.end(run, Edge.ANSWERED, text, diagnosis)
        if diagnosis.seen_before:
            text = f"🧠 Seen before: {to_plain_text(diagnosis.seen_before, 400)}."
            await self._context.notifier.say(run, text, key=f"seen-before:{run.attempt}")
        if diagnosis.found and not diagnosis.triage.ours and not _has_insisted(history):
            return await self._report_outside_fault(run, history, diagnosis)
        if not diagnosis.found or not diagnosis.file:
            return await transitions.end(run, Edge.FAILED, diagnosis.summary, diagnosis)
        return await transitions.advance(run, Edge.NEXT_STEP, diagnosis)

    async def _report_outside_fault(self, run: Run, history: History, diagnosis: Diagnosis) -> Run:
        """Say whose fault it is; if our side could handle it better, ask people about that."""
        context, transitions = self._context, self._context.transitions
        reason = f"{diagnosis.headline}. {diagnosis.triage.summary}"
        changes = get_side_decision(run, history.answer)
        if changes:
            return await transitions.advance(run, Edge.NEXT_STEP, diagnosis)
        if changes is None and diagnosis.triage.remedies and diagnosis.file:
            now = context.services.clock.now()
            question = build_side_question(run, diagnosis, now, now + context.limits.question)
            return await transitions.ask(run, question)
        decision = "" if changes is None else " I leave our side as it is."
        reason += f"{decision}{_HOW_TO_INSIST.format(run.id)}"
        return await transitions.end(run, Edge.FAILED, reason, diagnosis)

    async def _explain(
        self, run: Run, history: History, evidence: Evidence, diagnosis: Diagnosis
    ) -> Diagnosis:
        """Return the planner's diagnosis, or the rules' diagnosis if the planner fails."""
        context, case = self._context, build_case(run, history, evidence)

        async def explain(workspace: Workspace) -> Diagnosis:
            show = context.build_progress_handler(run, history)
            found, spent = await self._analyzer.explain(case, workspace, show)
            context.cost_meter.note(run.id, spent)
            return found

        try:
            await check_run_budget(context.services.budget, run, "diagnose")
            async with context.open_workspace(run, evidence) as workspace:
                planner = self._analyzer.planned_by or ""
                found = await context.record_call(run, "diagnose", planner, explain(workspace))
            await context.services.workspaces.drop(run.id)  # an investigation leaves no branch
        except (AgentError, BudgetSpent, WorkspaceError) as error:
            await say_without_planner(context, run, error, "I use the diagnosis of my rules.")
            return diagnosis
        return found


def _can_be_incorrect_output(evidence: Evidence, diagnosis: Diagnosis) -> bool:
    """Return whether the request may be about output: it matches no recorded failure."""
    return (
        not diagnosis.found
        and diagnosis.instead in ("", "which")
        and bool(evidence.idle or not evidence.likely)
    )


def _has_insisted(history: History) -> bool:
    """Return whether a person read that the fault is not ours, and still asked for a fix."""
    earlier = history.diagnosis
    return earlier is not None and earlier.found and not earlier.triage.ours
