"""Ship: checks the result of the merge, merges the approved head, and deploys it."""

from dataclasses import dataclass

from theseus_guard.record import Record

from bot.authority.approval_policy import ApprovalPolicy
from bot.domain.audit import AuditEntry
from bot.domain.change import FullTier
from bot.domain.errors import (
    BaseMoved,
    ChatUnavailable,
    ForgeConflict,
    ForgePending,
    MergeConflict,
    PortError,
)
from bot.domain.history import History
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.domain.waits import format_timestamp
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.self_improvement.reporting.messages import describe_conflict, explain_moved_branch
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.deadlines import Deadlines
from bot.self_improvement.runs.deployer import ShipmentDeployer
from bot.self_improvement.runs.failures import StepFailures
from bot.self_improvement.runs.patient_forge import PatientForge
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_stops import RunStops
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._merge_check import MergeCheck
from bot.self_improvement.steps._reverted_changes import RevertedChanges
from bot.self_improvement.watch.shipment_watches import ShipmentWatches

_MERGES = 3  # attempts per approval while the base branch moves


@dataclass(frozen=True, eq=False)
class ApprovedMerge:
    """Merges with the approvals that are valid at this moment, unless everything is stopped."""

    approval_policy: ApprovalPolicy
    stops: RunStops
    deployer: ShipmentDeployer

    async def check(self, run: Run, proposal: Proposal) -> None:
        """Raise what approvals raise: to fail early, before the slow checks."""
        await self.approval_policy.get_approval(run, proposal)

    async def __call__(
        self, run: Run, proposal: Proposal, tier: FullTier | None
    ) -> tuple[Approval, Shipment]:
        """Merge and deploy.

        Approvals are checked again, because the full checks or an unavailable forge may have taken
        minutes. An already merged change comes live even during a stop.
        """
        approval = await self.approval_policy.get_approval(run, proposal)
        await self.stops.check_merge(run, proposal)
        result = tier.result if tier else None
        return approval, await self.deployer(proposal, approval, result)


@dataclass(frozen=True, eq=False)
class ShipmentRecords:
    """Ends a run that has shipped: audits it, begins to watch it, and says so."""

    store: Store
    clock: Clock
    watches: ShipmentWatches
    reverted: RevertedChanges
    transitions: RunTransitions

    async def finish(self, run: Run, history: History, shipment: Shipment, *records: Record) -> Run:
        """End the run with its result."""
        reason = f"{shipment.summary[0].upper()}{shipment.summary[1:]}."
        if shipment.otherwise:
            reason += (
                " ⚠️ The base branch moved at that moment, so the merged code is not exactly what "
                "was checked: look at it, or say “revert”."
            )
        await self._append_audit_entry(run, shipment, reason)
        watch = await self.watches.begin(run, history, shipment)
        records = (*records, shipment, *([watch] if watch else []))
        if run.goal == "revert":
            await self.reverted.mark_reverted(run, need(history.proposal))
        return await self.transitions.end(run, Edge.SHIPPED, reason, *records)

    async def _append_audit_entry(self, run: Run, shipment: Shipment, reason: str) -> None:
        """Audit what was merged and what runs; repeated if it was interrupted."""
        commits = f"merge {shipment.merge_commit}, live {shipment.live_commit}"
        reloaded = f", reloaded {', '.join(shipment.reloaded)}" if shipment.reloaded else ""
        await self.store.append_audit_entry(
            AuditEntry(
                at=self.clock.now(),
                action="merged",
                allowed=True,
                run_id=run.id,
                note=f"{reason} {commits}{reloaded}",
                head=shipment.approved_head,
            )
        )


@dataclass(frozen=True, eq=False)
class MergeTrouble:
    """Keeps an approved run going if its merge has to wait or its branch has moved."""

    failures: StepFailures
    transitions: RunTransitions
    notifier: RunNotifier
    deadlines: Deadlines

    async def wait(self, run: Run, error: PortError, *records: Record) -> Run:
        """Wait for the forge's checks or for the chat without holding a worker, up to a limit."""
        until = self.deadlines.get_merge_end(run)
        if until is None:
            waited = f"{self.deadlines.merge_limit.total_seconds() / 60:.0f} min"
            what = f"{error} I waited {waited} for this."
            return await self.failures.wait_for_ship(run, what, *records)
        reason = f"{error} I try again until {format_timestamp(until)}."
        return await self.transitions.park(run, Edge.FORGE_NOT_READY, until, reason, *records)

    async def check_again(self, run: Run, error: ForgeConflict) -> Run:
        """Say that the branch moved, and verify its new head."""
        next_round = run.replace(round=run.round + 1)
        await self.notifier.say(run, explain_moved_branch(error), key=f"conflict:{run.version}")
        return await self.transitions.advance(next_round, Edge.CHECKED_AGAIN)


@dataclass(frozen=True, eq=False)
class ShipStep:
    """Ships an approved head."""

    check: MergeCheck
    merge: ApprovedMerge
    records: ShipmentRecords
    forge: PatientForge
    failures: StepFailures
    trouble: MergeTrouble
    notifier: RunNotifier

    async def perform(self, run: Run, history: History) -> Run:
        """Merge and deploy what was approved; after a failure, wait for another approval.

        The merge result is checked before the merge. If the base branch moves meanwhile, the new
        result is checked, a few times at most.
        """
        try:
            await self.merge.check(run, need(history.proposal))
        except ChatUnavailable as error:
            return await self.trouble.wait(run, error)
        for _ in range(_MERGES):
            try:
                return await self._check_and_merge(run, history)
            except BaseMoved as error:
                moved = f"{error}: checking the merge with the new commits"
                await self.notifier.refresh(run, history, moved)
        what = (
            f"other changes came to the base branch {_MERGES} times while I checked the result of "
            "the merge, so nothing was merged."
        )
        return await self.failures.wait_for_ship(run, what)

    async def _check_and_merge(self, run: Run, history: History) -> Run:
        """Check the result of the merge, and merge if it passes. Raises `BaseMoved`."""
        proposal = need(history.proposal)
        records: tuple[Record, ...] = ()
        try:
            tier = await self.forge.retry_unavailable(
                run, history, lambda: self.check(run, history, proposal)
            )
            if tier is not None and not tier.ok:
                return await self.failures.report_failed_merge_check(run, tier)
            records = () if tier in (None, history.full_tier) else (tier,)
            approval, shipment = await self.forge.retry_unavailable(
                run, history, lambda: self.merge(run, proposal, tier)
            )
        except MergeConflict as error:
            return await self.failures.wait_for_ship(run, describe_conflict(error))
        except (ForgePending, ChatUnavailable) as error:
            return await self.trouble.wait(run, error, *records)
        except ForgeConflict as error:
            if not await self.forge.has_moved(proposal):
                raise
            return await self.trouble.check_again(run, error)
        return await self.records.finish(run, history, shipment, *records, approval)
