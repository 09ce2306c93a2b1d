"""Revert: the steps of a run that takes a merge back. No engine takes part in it.

It claims nothing but the undo, so it needs no reproduction; that it is just the undo is proven.
"""

from bot.domain.change import ChangeSet, RevertResult, Verdict
from bot.domain.errors import WrongStage
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.links import format_link
from bot.domain.plan import Plan, Step, TestPlan
from bot.domain.proposal import Proposal, Shipment
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.ports.workspace import Workspace
from bot.presentation.cards import is_failed_fix
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.step_context import StepContext, need
from bot.self_improvement.steps.observe import EvidenceCollector
from bot.self_improvement.steps.watch import WatchStep

_ENGINE = "git revert"


class RevertSteps:
    """Observe, execute and verify, for a revert; it is proposed and shipped as any change."""

    def __init__(
        self,
        context: StepContext,
        collector: EvidenceCollector,
        gate: QualityGate,
        watch: WatchStep,
    ) -> None:
        self._context = context
        self._collector = collector
        self._gate = gate
        self._watch = watch

    async def observe(self, run: Run, history: History) -> Run:
        """Say what is taken back and why, and which files that may change."""
        shipped = await self._load_shipped(run)
        evidence = await self._collector.collect_checkout_state()
        diagnosis, plan = _build_diagnosis(run, shipped), _plan(shipped)
        return await self._context.transitions.advance(
            run, Stage.EXECUTE, evidence, diagnosis, plan
        )

    async def execute(self, run: Run, history: History) -> Run:
        """Let git take the merge back; a conflict ends the run, with what to do by hand."""
        context, shipped = self._context, await self._load_shipped(run)
        proposal, shipment = _get_shipment(shipped)
        started = context.services.clock.get_monotonic_time()
        async with context.open_workspace(run, need(history.evidence)) as workspace:
            await workspace.reset(workspace.base)
            undone = await workspace.revert(shipment.merge_commit, shipment.approved_head)
            if not undone.files:
                reason = _explain_no_revert(proposal, shipment, undone)
                return await context.transitions.end(run, Status.FAILED, reason)
            change = await _commit(run, history, proposal, shipment, workspace)
        change = change.replace(seconds=context.services.clock.get_monotonic_time() - started)
        plan = need(history.plan)
        step = Step(summary=plan.steps[0].summary, owned_files=undone.files)
        records: tuple[Record, ...] = (change, plan.replace(steps=(step,)))
        return await context.transitions.advance(run, Stage.VERIFY, *records)

    async def verify(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return whether that head is just the undo, and passes base's checks."""
        _, shipment = _get_shipment(await self._load_shipped(run))
        return await self._gate.verify_revert(
            need(history.plan),
            change,
            shipment,
            workspace,
            round_number=run.round,
            on_check=self._context.build_check_handler(run, history),
        )

    async def mark_reverted(self, run: Run, by: Proposal) -> None:
        """Tell the run that was taken back; nobody has to judge it any more."""
        reverted = await self._context.services.store.get(run.trigger.reverts or "")
        await self._watch.end(reverted.id)
        named = format_link(f"#{by.number}", by.url)
        text = f"↩️ Taken back by {named}, as {run.trigger.person.name} asked."
        await self._context.notifier.say(reverted, text, key="reverted")
        history = await self._context.services.store.get_history(reverted.id)
        if not is_failed_fix(history.outcome):  # else that is remembered already, with its numbers
            await self._context.memory.remember_rejection(
                reverted, history, f"taken back by #{by.number}"
            )

    async def _load_shipped(self, run: Run) -> History:
        """Return what the run to be taken back has recorded; that it shipped is certain."""
        if run.trigger.reverts is None:
            raise WrongStage(f"Run `{run.id}` does not say what it should take back.")
        history = await self._context.services.store.get_history(run.trigger.reverts)
        if history.shipment is None or history.proposal is None:
            raise WrongStage(f"Run `{run.trigger.reverts}` has merged nothing to take back.")
        return history


def _get_shipment(shipped: History) -> tuple[Proposal, Shipment]:
    return need(shipped.proposal), need(shipped.shipment)


def _build_diagnosis(run: Run, shipped: History) -> Diagnosis:
    """Return why it is taken back: what the watch said, or that somebody wants it."""
    proposal, shipment = _get_shipment(shipped)
    known, outcome = shipped.diagnosis, shipped.outcome
    asked = f"{run.trigger.person.name} asked to take it back."
    why = asked
    if outcome is not None and is_failed_fix(outcome):
        said = "did not fix it" if outcome.verdict == "not_fixed" else "made it worse"
        why = f"#{proposal.number} {said}. {' '.join(outcome.reasons)} {asked}"
    return Diagnosis(
        found=True,
        headline=f"#{proposal.number} is to be taken back: {run.trigger.subject}",
        cause=f"Revert of #{proposal.number} (`{shipment.merge_commit[:7]}`). {why}",
        event=known.event if known else "",
        confidence="high",
        evidence_ids=known.evidence_ids if known else (),
    )


def _plan(shipped: History) -> Plan:
    proposal, shipment = _get_shipment(shipped)
    number, merge = proposal.number, shipment.merge_commit
    change, plan = need(shipped.change_set), shipped.plan
    return Plan(
        problem=f"#{number} is not wanted as it is.",
        solution=f"Take `{merge[:7]}` back, keeping everything that came later.",
        steps=(
            Step(
                summary=f"Undo the merge of #{number}",
                owned_files=tuple(file.path for file in change.files),
            ),
        ),
        risk=plan.risk if plan else "low",
        impact=f"What #{number} was to mend is as it was before.",
        tests=TestPlan(
            integration="Base's checks. Each file nobody changed since is as it was before."
        ),
        rollback=f"Revert the revert: #{number} comes back.",
    )


async def _commit(
    run: Run, history: History, proposal: Proposal, shipment: Shipment, workspace: Workspace
) -> ChangeSet:
    number, merge = proposal.number, shipment.merge_commit
    cause = need(history.diagnosis).cause
    message = f"Revert #{number}\n\nThis takes {merge} back.\n\n{cause}\n\nRun: {run.id}\n"
    head = await workspace.commit(message)
    return ChangeSet(
        base=workspace.base,
        head=head,
        branch=workspace.branch,
        engine=_ENGINE,
        summary=f"Takes #{number} back (`{merge[:7]}`).",
        title=f"Revert #{number}: {run.trigger.subject}",
        files=await workspace.list_changes(),
        diff=await workspace.get_diff(),
    )


def _explain_no_revert(proposal: Proposal, shipment: Shipment, revert_result: RevertResult) -> str:
    """Return why nothing was taken back, and what a person can do."""
    number, merge = proposal.number, shipment.merge_commit
    if not revert_result.conflicts:
        return f"Nothing of #{number} is left to take back."
    files = ", ".join(f"`{name}`" for name in revert_result.conflicts[:5])
    return (
        f"I cannot take #{number} back by myself: the same lines of {files} were changed since. "
        f"By hand: `git revert -m 1 {merge[:12]}`, then mend what git marks."
    )
