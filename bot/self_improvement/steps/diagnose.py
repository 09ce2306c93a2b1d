"""Diagnose: states what the evidence shows and how certain it is, and no more."""

from dataclasses import dataclass

from bot.budget.run_cost_meter import RunCostMeter
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
from bot.memory.recording import MemoryRecorder
from bot.ports.planner import Case, Planner
from bot.ports.workspace import Workspace, Workspaces
from bot.presentation.cards import to_plain_text
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.rule_diagnosis import diagnose_by_rules
from bot.self_improvement.runs.agent_updates import OnProgress, wait_for_result
from bot.self_improvement.runs.deadlines import Deadlines
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._answer_report import AnswerReports
from bot.self_improvement.steps._planner_case import PlannerCalls, build_case
from bot.self_improvement.steps._side_question import build_side_question, get_side_decision

_HOW_TO_INSIST = " If you disagree, `/runs retry {}` continues anyway."


@dataclass(frozen=True, eq=False)
class FaultAnalyzer:
    """Turns evidence into a diagnosis: by rules, then explained by a planner if there is one.

    Facts and counts always come from the rules.
    """

    planner: Planner | None = None

    @property
    def planned_by(self) -> str | None:
        """The planner's name; `None` without a planner."""
        return self.planner.name if self.planner else None

    async def explain(
        self, case: Case, workspace: Workspace, on_progress: OnProgress
    ) -> tuple[Diagnosis, Cost]:
        """Return the planner's diagnosis of the case, and its cost.

        Raises `AgentError`, `BudgetSpent`.
        """
        if self.planner is None:
            return case.diagnosis, Cost()
        explained = await wait_for_result(
            self.planner.diagnose(case, workspace),
            on_progress,
            f"{self.planner.name} ended without a diagnosis.",
        )
        return explained.diagnosis, Cost().add(explained)


@dataclass(frozen=True, eq=False)
class DiagnosisExplainer:
    """Has a planner explain a diagnosis, in a worktree that is removed afterwards."""

    analyzer: FaultAnalyzer
    calls: ModelCalls
    planner_calls: PlannerCalls
    run_workspaces: RunWorkspaces
    workspaces: Workspaces
    cost_meter: RunCostMeter

    async def explain(
        self, run: Run, history: History, evidence: Evidence, diagnosis: Diagnosis
    ) -> tuple[Run, Diagnosis]:
        """Return the planner's diagnosis, and the run with its cost.

        The rules' diagnosis is returned if there is no planner, or if it fails.
        """
        planner, case = self.analyzer.planned_by, build_case(run, history, evidence)
        if not planner:
            return run, diagnosis
        try:
            await self.calls.check_budget(run, "diagnose")
            async with self.run_workspaces.open(run, evidence) as workspace:
                diagnosis = await self.planner_calls.ask(
                    run, history, "diagnose", planner,
                    lambda show: self.analyzer.explain(case, workspace, show),
                )  # fmt: skip
            await self.workspaces.drop(run.id)  # an investigation leaves no branch
        except (AgentError, BudgetSpent, WorkspaceError) as error:
            await self.planner_calls.report_failure(run, error, "I use the diagnosis of my rules.")
            diagnosis = case.diagnosis
        return self.cost_meter.settle(run), diagnosis


@dataclass(frozen=True, eq=False)
class DiagnoseStep:
    """Diagnoses. An investigation ends here, and so does a fault outside our code.

    Without `answers`, reports in which nothing failed are not handled.
    """

    explainer: DiagnosisExplainer
    answers: AnswerReports | None
    transitions: RunTransitions
    memory: MemoryRecorder
    notifier: RunNotifier
    deadlines: Deadlines

    async def perform(self, run: Run, history: History) -> Run:
        """Diagnose the evidence; an investigation ends with the diagnosis."""
        transitions, evidence = self.transitions, need(history.evidence)
        diagnosis = diagnose_by_rules(evidence)
        if self.answers is not None and _can_be_incorrect_output(evidence, diagnosis):
            handled = await self.answers.perform(run, history, evidence)
            if handled is not None:
                return handled
        await self.memory.remember_diagnosis(run, history, diagnosis)
        if diagnosis.instead == "fixed":
            return await transitions.end(run, Edge.ANSWERED, diagnosis.summary, diagnosis)
        if run.goal == "investigate":
            if diagnosis.found:
                run, diagnosis = await self.explainer.explain(run, history, evidence, diagnosis)
            text = diagnosis.headline if diagnosis.found else diagnosis.summary
            return await transitions.end(run, Edge.ANSWERED, text, diagnosis)
        if diagnosis.seen_before:
            text = f"🧠 Seen before: {to_plain_text(diagnosis.seen_before, 400)}."
            await self.notifier.say(run, text, key=f"seen-before:{run.attempt}")
        if diagnosis.found and not diagnosis.triage.ours and not _has_insisted(history):
            return await self._report_outside_fault(run, history, diagnosis)
        if not diagnosis.found or not diagnosis.file:
            return await transitions.end(run, Edge.FAILED, diagnosis.summary, diagnosis)
        return await transitions.advance(run, Edge.NEXT_STEP, diagnosis)

    async def _report_outside_fault(self, run: Run, history: History, diagnosis: Diagnosis) -> Run:
        """Say whose fault it is; if our side could handle it better, ask people about that."""
        transitions = self.transitions
        reason = f"{diagnosis.headline}. {diagnosis.triage.summary}"
        changes = get_side_decision(run, history.answer)
        if changes:
            return await transitions.advance(run, Edge.NEXT_STEP, diagnosis)
        if changes is None and diagnosis.triage.remedies and diagnosis.file:
            question = build_side_question(run, diagnosis, *self.deadlines.get_question_times())
            return await transitions.ask(run, question)
        decision = "" if changes is None else " I leave our side as it is."
        reason += f"{decision}{_HOW_TO_INSIST.format(run.id)}"
        return await transitions.end(run, Edge.FAILED, reason, diagnosis)


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
