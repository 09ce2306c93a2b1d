"""Judges a head: checks, proofs of what was agreed, changed output, and its revert."""

from dataclasses import dataclass

from bot.authority.named_files import collect_named_files
from bot.domain.account import Account
from bot.domain.change import ChangeSet, Verdict
from bot.domain.history import History
from bot.domain.run import Run
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.behaviour_check import (
    BehaviourCheck,
    build_finding,
    excuse_requested_changes,
)
from bot.self_improvement.checks.change_proofs import ChangeProofs, CurrentChange
from bot.self_improvement.checks.changelog_check import find_missing_entry
from bot.self_improvement.checks.gates.merge_gates import (
    GateCase,
    MergeGates,
    build_gate_findings,
)
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.step_progress import StepProgress
from bot.self_improvement.steps._answer_plan import get_incorrect_output
from bot.self_improvement.steps._reverted_changes import RevertedChanges


@dataclass(frozen=True, eq=False)
class ProofCheck:
    """Proves what was agreed on, where people asked for a change."""

    proofs: ChangeProofs | None
    notifier: RunNotifier

    @property
    def can_prove(self) -> bool:
        """True if this bot can prove requested changes."""
        return self.proofs is not None

    async def add(
        self,
        run: Run,
        history: History,
        change: ChangeSet,
        workspace: Workspace,
        verdict: Verdict,
    ) -> Verdict:
        """Add the proofs of the agreed change to a verdict whose checks passed."""
        passed = bool(verdict.checks) and all(check.ok for check in verdict.checks)
        blocked = any(finding.blocking for finding in verdict.findings)
        if run.goal != "change" or self.proofs is None or not passed or blocked:
            return verdict
        await self.notifier.refresh(run, history, "proving what was agreed on")
        brief = need(history.brief)
        missing = await find_missing_entry(brief, change, workspace)
        verdict = verdict.replace(findings=(*verdict.findings, *missing))
        asker = run.trigger.person.id
        account = Account(purpose="chat", person_id=asker, run_id=run.id)
        return await self.proofs(CurrentChange(brief, change, workspace, verdict, account))


@dataclass(frozen=True, eq=False)
class OutputCheck:
    """Compares what users see before and after the change."""

    behaviour: BehaviourCheck | None
    engines: WritingEngines
    notifier: RunNotifier
    limits: RunSettings

    async def add(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Verdict:
        """Add to a passing verdict what changes for users.

        A fix may change only what failed. Other changes go back to an engine that follows
        instructions, while rounds are left. What remains is shown on the card for people to judge.
        After a report of incorrect output all changes are shown, because output is expected to
        change. Changes that a brief asks for do not count.
        """
        if self.behaviour is None or not verdict.is_passing or verdict.behaviour is not None:
            return verdict
        await self.notifier.refresh(run, history, "comparing what people see")
        found = await self.behaviour(change)
        if history.brief is not None:
            found = excuse_requested_changes(found, history.brief)
        may_go_back = (
            can_go_back(run, history, self.engines, self.limits)
            and get_incorrect_output(run, history) is None
            and not change.keeps_output
        )
        finding = build_finding(found, blocking=may_go_back) if run.goal != "revert" else None
        findings = (*verdict.findings, finding) if finding else verdict.findings
        return verdict.replace(behaviour=found, findings=findings)


@dataclass(frozen=True, eq=False)
class GateCheck:
    """Runs the quality gates on a head that may otherwise be proposed."""

    gates: MergeGates | None
    engines: WritingEngines
    notifier: RunNotifier
    limits: RunSettings

    async def add(
        self,
        run: Run,
        history: History,
        change: ChangeSet,
        workspace: Workspace,
        verdict: Verdict,
    ) -> Verdict:
        """Add the gates' results to a passing verdict.

        A slower command goes back to an engine while rounds are left; then people decide about it.
        """
        if self.gates is None or not verdict.is_passing:
            return verdict
        await self.notifier.refresh(run, history, "going through the quality gates")
        case = GateCase(change, workspace, history.brief)
        verdict = await self.gates.add(verdict, case)
        may_go_back = can_go_back(run, history, self.engines, self.limits)
        found = build_gate_findings(verdict.gates, may_go_back=may_go_back)
        return verdict.replace(findings=(*verdict.findings, *found))


@dataclass(frozen=True, eq=False)
class HeadCheck:
    """Checks a head with everything that can speak against it; a revert has its own checks."""

    gate: QualityGate
    reverted: RevertedChanges
    proof_check: ProofCheck
    output_check: OutputCheck
    gate_check: GateCheck
    progress: StepProgress
    notifier: RunNotifier

    async def verify(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return the verdict."""
        if run.goal == "revert":
            return await self.reverted.verify(run, history, change, workspace)
        verdict = await self.gate(
            need(history.plan),
            change,
            workspace,
            round_number=run.round,
            on_check=self.progress.build_check_handler(run, history),
            named=collect_named_files(run, history),
            is_proven_otherwise=run.goal == "change" and self.proof_check.can_prove,
        )
        verdict = await self.proof_check.add(run, history, change, workspace, verdict)
        verdict = await self.output_check.add(run, history, change, verdict)
        return await self.gate_check.add(run, history, change, workspace, verdict)


def can_go_back(run: Run, history: History, engines: WritingEngines, limits: RunSettings) -> bool:
    """Return whether an engine can get another round for what the checks found."""
    is_own_change = history.proposal is None or history.revising is not None
    return is_own_change and engines.can_follow_instructions and count_rounds(run) < limits.rounds


def count_rounds(run: Run) -> int:
    """Return the number of rounds since the work or the revision began."""
    return run.round - run.first_round + 1
