"""Revert: the steps of a run that reverts a merge with git, without an engine.

A revert needs no reproduction, because it claims only to revert the merge. That it does exactly
this is proven.
"""

from dataclasses import dataclass

from theseus_guard.record import Record

from bot.domain.change import ChangeSet, RevertResult
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.plan import Plan, Step, TestPlan
from bot.domain.proposal import Proposal, Shipment
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace
from bot.presentation.cards import is_failed_fix
from bot.presentation.markdown import escape_line
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._reverted_changes import RevertedChanges, get_shipment

_ENGINE = "git revert"


@dataclass(frozen=True, eq=False)
class RevertSteps:
    """Observes and executes a revert, which is proposed and shipped like any change."""

    collector: EvidenceCollector
    reverted: RevertedChanges
    workspaces: RunWorkspaces
    transitions: RunTransitions
    clock: Clock
    notifier: RunNotifier

    async def observe(self, run: Run, history: History) -> Run:
        """Record what is reverted and why, and which files this may change."""
        shipped = await self.reverted.load(run)
        if run.attempt > 1:
            # The thread of an ended run is archived, and its card cannot be edited. A message
            # opens it.
            text = f"🔁 I try again, as {escape_line(run.trigger.person.name, 100)} asked."
            await self.notifier.say(run, text, key=f"again:{run.attempt}")
        evidence = await self.collector.collect_checkout_state()
        diagnosis, plan = _build_diagnosis(run, shipped), _plan(shipped)
        return await self.transitions.advance(run, Edge.NEXT_STEP, evidence, diagnosis, plan)

    async def execute(self, run: Run, history: History) -> Run:
        """Revert the merge with git; a conflict ends the run, with instructions for people."""
        shipped = await self.reverted.load(run)
        proposal, shipment = get_shipment(shipped)
        started = self.clock.monotonic()
        async with self.workspaces.open(run, need(history.evidence)) as workspace:
            await workspace.reset(workspace.base)
            reverted = await workspace.revert(shipment.merge_commit, shipment.approved_head)
            if not reverted.files:
                reason = _explain_no_revert(proposal, shipment, reverted)
                return await self.transitions.end(run, Edge.FAILED, reason)
            change = await _commit(run, history, proposal, shipment, workspace)
        change = change.replace(seconds=self.clock.monotonic() - started)
        plan = need(history.plan)
        step = Step(summary=plan.steps[0].summary, owned_files=reverted.files)
        records: tuple[Record, ...] = (change, plan.replace(steps=(step,)))
        return await self.transitions.advance(run, Edge.NEXT_STEP, *records)


def _build_diagnosis(run: Run, shipped: History) -> Diagnosis:
    """Return why it is reverted: the watch's verdict, or a person's request."""
    proposal, shipment = get_shipment(shipped)
    known, outcome = shipped.diagnosis, shipped.outcome
    request = f"{run.trigger.person.name} asked to revert it."
    why = request
    if outcome is not None and is_failed_fix(outcome):
        result = "did not fix it" if outcome.verdict == "not_fixed" else "made it worse"
        why = f"#{proposal.number} {result}. {' '.join(outcome.reasons)} {request}"
    return Diagnosis(
        found=True,
        headline=f"#{proposal.number} is to be reverted: {run.trigger.subject}",
        cause=f"Revert of #{proposal.number} (`{shipment.merge_commit[:7]}`). {why}",
        event=known.event if known else "",
        confidence="high",
        evidence_ids=known.evidence_ids if known else (),
    )


def _plan(shipped: History) -> Plan:
    proposal, shipment = get_shipment(shipped)
    number, merge = proposal.number, shipment.merge_commit
    change, plan = need(shipped.change_set), shipped.plan
    return Plan(
        problem=f"#{number} is not wanted as it is.",
        solution=f"Revert `{merge[:7]}` and keep everything that came later.",
        steps=(
            Step(
                summary=f"Revert the merge of #{number}",
                owned_files=tuple(file.path for file in change.files),
            ),
        ),
        risk=plan.risk if plan else "low",
        impact=f"What #{number} changed is as it was before.",
        tests=TestPlan(
            integration="Base's checks. Each file without later changes is as it was before."
        ),
        rollback=f"Revert the revert: #{number} comes back.",
    )


async def _commit(
    run: Run, history: History, proposal: Proposal, shipment: Shipment, workspace: Workspace
) -> ChangeSet:
    number, merge = proposal.number, shipment.merge_commit
    cause = need(history.diagnosis).cause
    message = f"Revert #{number}\n\nThis reverts commit {merge}.\n\n{cause}\n\nRun: {run.id}\n"
    head = await workspace.commit(message)
    return ChangeSet(
        base=workspace.base,
        head=head,
        branch=workspace.branch,
        engine=_ENGINE,
        summary=f"Reverts #{number} (`{merge[:7]}`).",
        title=f"Revert #{number}: {run.trigger.subject}",
        files=await workspace.list_changes(),
        diff=await workspace.get_diff(),
    )


def _explain_no_revert(proposal: Proposal, shipment: Shipment, revert_result: RevertResult) -> str:
    """Return why nothing was reverted, and what a person can do."""
    number, merge = proposal.number, shipment.merge_commit
    if not revert_result.conflicts:
        return f"Nothing of #{number} is left to revert."
    files = ", ".join(f"`{name}`" for name in revert_result.conflicts[:5])
    return (
        f"I cannot revert #{number} by myself: the same lines of {files} were changed since. "
        f"By hand: `git revert -m 1 {merge[:12]}`, then fix what git marks."
    )
