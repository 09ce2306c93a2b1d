"""Ship: checks the result of the merge, merges the approved head, and deploys it."""

import asyncio
from collections.abc import Collection

from bot.domain.arrival import Arrival
from bot.domain.audit import AuditEntry
from bot.domain.change import FullTier, MergeResult
from bot.domain.errors import (
    BaseMoved,
    ChatUnavailable,
    ForgeConflict,
    ForgePending,
    MergeConflict,
    PortError,
    StaleApproval,
)
from bot.domain.history import History
from bot.domain.proposal import Approval, ForgeProposal, Proposal, Shipment
from bot.domain.record import Record
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.domain.waits import format_timestamp
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.runtime import Adoption, Runtime
from bot.ports.workspace import Checkout
from bot.self_improvement.core_updates import CoreUpdates
from bot.self_improvement.messages import describe_conflict, explain_moved_branch
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.shipment_watches import ShipmentWatches
from bot.self_improvement.step_context import StepContext, need
from bot.self_improvement.steps._merge_check import MergeCheck
from bot.self_improvement.steps._reverted_changes import RevertedChanges

_BEHIND = "the running code differs from its file: the new code was refused or rolled back"
_MERGES = 3  # attempts per approval while the base branch moves


class Deployer:
    """Merges exactly what was approved, once, and loads it into the running bot."""

    def __init__(
        self,
        forge: Forge,
        checkout: Checkout,
        runtime: Runtime,
        clock: Clock,
        core: CoreUpdates | None = None,
        *,
        left_behind: Collection[str] = (),
    ) -> None:
        self._forge = forge
        self._checkout = checkout
        self._runtime = runtime
        self._clock = clock
        self._core = core
        self._pending_reload: set[str] = set(left_behind)  # files that changed under this process
        self._pending_restart: set[str] = set()  # files this process will never run
        self._old: dict[str, str] = {}  # modules that still run their old code, and why
        self._one_at_a_time = (
            asyncio.Lock()
        )  # the checkout and the running code must change together

    async def __call__(
        self, proposal: Proposal, approval: Approval, result: MergeResult | None
    ) -> Shipment:
        """Return what was merged and what the running bot has loaded.

        Every step can be repeated. A merge of the same head returns the same commit. A new process
        has loaded the new files anyway. Files whose reload was interrupted are remembered. `result`
        is the checked result of the merge, and `None` only for a merge that exists already. Raises
        `StaleApproval`, `ForgeError`, `CheckoutDirty`.
        """
        if (approval.run_id, approval.head) != (proposal.run_id, proposal.head):
            raise StaleApproval("The approval was for another commit; nothing was merged.")
        merged = await self._forge.merge(proposal.number, approval.head, result)
        async with self._one_at_a_time:
            shipment = await self._deploy(proposal, approval, merged)
        # The forge makes a merge commit of its own, so files are compared and not commits.
        landed = await self._checkout.get_tree_id(shipment.merge_commit)
        return shipment.replace(otherwise=result is not None and landed != result.tree)

    async def is_behind(self) -> bool:
        """Return whether `sync` has something to deploy. Raises `WorkspaceError`."""
        tip = await self._checkout.fetch_tip()
        if self._is_rolled_back(tip):
            return False
        return self.has_files_left() or not await self._checkout.has_commit(tip)

    def _is_rolled_back(self, commit: str) -> bool:
        """Return whether the commit was started and rolled back, so only a newer one counts."""
        return self._core is not None and self._core.get_rollback_reason(commit) is not None

    def has_files_left(self) -> bool:
        """Return whether the checkout has files that this process has not reloaded yet."""
        return bool(self._pending_reload)

    def leave_refused(self) -> None:
        """Forget the files of a refused restart, because the checkout was reset."""
        self._pending_restart.clear()

    async def sync(self) -> Arrival | None:
        """Deploy new commits of the followed branch; `None` if there are none.

        The checkout moves to the newest commit of the remote, never at the same time as a shipment.
        Raises `CheckoutDirty`, `WorkspaceError`.
        """
        async with self._one_at_a_time:
            tip = await self._checkout.fetch_tip()
            if self._is_rolled_back(tip):
                return None
            self._pending_reload.update(await self._checkout.fast_forward(tip))
            if not self._pending_reload:
                return None
            files = tuple(sorted(self._pending_reload))
            adoption = await self._adopt()
            head = await self._checkout.get_head()
            return Arrival(
                commit=head,
                files=files,
                reloaded=adoption.reloaded,
                restart_needed=tuple(sorted(self._pending_restart)),
                failed=self._old,
                pending=await self._request_restart(adoption, head, None),
            )

    async def _adopt(self) -> Adoption:
        """Reload the changed files, and remember what could not be reloaded."""
        adoption = await self._runtime.adopt(sorted(self._pending_reload))
        self._pending_reload.clear()
        self._pending_restart.update(adoption.restart_needed)
        for module in adoption.reloaded:
            self._old.pop(module, None)
        if adoption.behind is not None:  # a person may have fixed the other files by hand
            self._old = {name: self._old.get(name, _BEHIND) for name in adoption.behind}
        self._old |= adoption.failed
        return adoption

    async def _request_restart(self, adoption: Adoption, commit: str, run_id: str | None) -> str:
        """Request a restart for core code; return what is still missing and who does it."""
        if self._core is None or not adoption.restart_needed:
            return ""
        return await self._core.bring(adoption.restart_needed, commit, run_id)

    def _list_leftovers(self, adoption: Adoption) -> tuple[str, ...]:
        """Return the old code of earlier changes that still runs."""
        waiting = self._pending_restart.difference(adoption.restart_needed)
        return (*sorted(waiting), *sorted(self._old.keys() - adoption.failed.keys()))

    async def _deploy(
        self, proposal: Proposal, approval: Approval, merged: ForgeProposal
    ) -> Shipment:
        """Update the running checkout to the merge, and the running bot to the checkout."""
        commit = merged.merge_commit or merged.head
        # Remembered before the reload: if that is interrupted, the next deployment repeats it.
        self._pending_reload.update(await self._checkout.fast_forward(commit))
        adoption = await self._adopt()
        live = await self._checkout.get_head()
        return Shipment(
            run_id=proposal.run_id,
            approved_head=approval.head,
            merge_commit=commit,
            live_commit=live,
            reloaded=adoption.reloaded,
            restart_needed=bool(adoption.restart_needed),
            pending=await self._request_restart(adoption, live, proposal.run_id),
            failed=adoption.failed,
            earlier=self._list_leftovers(adoption),
            at=self._clock.now(),
        )


class ShipStep:
    """Ships an approved head."""

    def __init__(
        self,
        context: StepContext,
        deployer: Deployer,
        gate: QualityGate,
        reverted: RevertedChanges,
        watches: ShipmentWatches,
    ) -> None:
        self._context = context
        self._deployer = deployer
        self._check = MergeCheck(context, gate)
        self._reverted = reverted
        self._watches = watches
        self._approval_policy = context.approval_policy

    async def perform(self, run: Run, history: History) -> Run:
        """Merge and deploy what was approved; after a failure, wait for another approval.

        The merge result is checked before the merge. If the base branch moves meanwhile, the new
        result is checked, a few times at most.
        """
        try:
            # fail early, before the slow checks
            await self._approval_policy.get_approval(run, need(history.proposal))
        except ChatUnavailable as error:
            return await self._wait(run, error)
        for _ in range(_MERGES):
            try:
                return await self._check_and_merge(run, history)
            except BaseMoved as error:
                moved = f"{error}: checking the merge with the new commits"
                await self._context.notifier.refresh(run, history, moved)
        what = (
            f"other changes came to the base branch {_MERGES} times while I checked the result of "
            "the merge, so nothing was merged."
        )
        return await self._context.failures.wait_for_ship(run, what)

    async def _check_and_merge(self, run: Run, history: History) -> Run:
        """Check the result of the merge, and merge if it passes. Raises `BaseMoved`."""
        context, proposal = self._context, need(history.proposal)
        records: tuple[Record, ...] = ()
        try:
            tier = await context.retry_unavailable(
                run, history, lambda: self._check(run, history, proposal)
            )
            if tier is not None and not tier.ok:
                return await context.failures.report_failed_merge_check(run, tier)
            records = () if tier in (None, history.full_tier) else (tier,)
            approval, shipment = await context.retry_unavailable(
                run, history, lambda: self._merge(run, proposal, tier)
            )
        except MergeConflict as error:
            return await context.failures.wait_for_ship(run, describe_conflict(error))
        except (ForgePending, ChatUnavailable) as error:
            return await self._wait(run, error, *records)
        except ForgeConflict as error:
            if not await self._has_moved(proposal):
                raise
            next_round = run.replace(round=run.round + 1)
            await context.notifier.say(
                run, explain_moved_branch(error), key=f"conflict:{run.version}"
            )
            return await context.transitions.advance(next_round, Edge.CHECKED_AGAIN)
        return await self._finish(run, history, shipment, *records, approval)

    async def _finish(
        self, run: Run, history: History, shipment: Shipment, *records: Record
    ) -> Run:
        """End the run with its result."""
        reason = f"{shipment.summary[0].upper()}{shipment.summary[1:]}."
        if shipment.otherwise:
            reason += (
                " ⚠️ The base branch moved at that moment, so the merged code is not exactly what "
                "was checked: look at it, or say “revert”."
            )
        await self._append_audit_entry(run, shipment, reason)
        watch = await self._watches.begin(run, history, shipment)
        records = (*records, shipment, *([watch] if watch else []))
        if run.goal == "revert":
            await self._reverted.mark_reverted(run, need(history.proposal))
        return await self._context.transitions.end(run, Edge.SHIPPED, reason, *records)

    async def _merge(
        self, run: Run, proposal: Proposal, tier: FullTier | None
    ) -> tuple[Approval, Shipment]:
        """Merge with the approvals that are valid at this moment.

        They are checked again, because the full checks or an unavailable forge may have taken
        minutes.
        """
        approval = await self._approval_policy.get_approval(run, proposal)
        if not await self._context.is_merged(run, proposal):
            # An already merged change comes live even during a stop.
            await self._context.stop_guard.check_merge()
        result = tier.result if tier else None
        return approval, await self._deployer(proposal, approval, result)

    async def _append_audit_entry(self, run: Run, shipment: Shipment, reason: str) -> None:
        """Audit what was merged and what runs; repeated if it was interrupted."""
        commits = f"merge {shipment.merge_commit}, live {shipment.live_commit}"
        reloaded = f", reloaded {', '.join(shipment.reloaded)}" if shipment.reloaded else ""
        await self._context.services.store.append_audit_entry(
            AuditEntry(
                at=self._context.services.clock.now(),
                action="merged",
                allowed=True,
                run_id=run.id,
                note=f"{reason} {commits}{reloaded}",
                head=shipment.approved_head,
            )
        )

    async def _wait(self, run: Run, error: PortError, *records: Record) -> Run:
        """Wait for the forge's checks or for the chat without holding a worker, up to a limit.

        The limit is stored with the run while the poller retries.
        """
        limit, now = self._context.limits.forge_checks, self._context.services.clock.now()
        until = run.parked_until or now + limit
        if now >= until:
            waited = f"{limit.total_seconds() / 60:.0f} min"
            what = f"{error} I waited {waited} for this."
            return await self._context.failures.wait_for_ship(run, what, *records)
        reason = f"{error} I try again until {format_timestamp(until)}."
        return await self._context.transitions.await_forge(run, until, reason, *records)

    async def _has_moved(self, proposal: Proposal) -> bool:
        opened = await self._context.services.forge.get_proposal(proposal.number)
        return opened.state == "open" and opened.head != proposal.head
