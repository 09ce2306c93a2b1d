"""Ship: check what the merge comes to, merge the approved head, and take it on."""

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
from bot.domain.run import Run, Stage, Status
from bot.domain.waits import format_timestamp
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.runtime import Adoption, Runtime
from bot.ports.workspace import Checkout
from bot.self_improvement.core_updates import CoreUpdates
from bot.self_improvement.messages import describe_conflict, explain_moved_branch
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.step_context import StepContext, need
from bot.self_improvement.steps._merge_check import MergeCheck
from bot.self_improvement.steps.revert import RevertSteps
from bot.self_improvement.steps.watch import WatchStep

_BEHIND = (
    "what runs is not what its file holds: that was refused, or an older version rolled back to"
)
_MERGES = 3  # checked for one word, while the base branch moves


class Deployer:
    """Merges exactly what was approved, once."""

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
        self._pending_reload: set[str] = set(left_behind)  # files moved forward under this process
        self._pending_restart: set[str] = set()  # files this process will never run
        self._old: dict[str, str] = {}  # modules that kept their old code, and why
        self._one_at_a_time = asyncio.Lock()  # the checkout and what it runs move together

    async def __call__(
        self, proposal: Proposal, approval: Approval, result: MergeResult | None
    ) -> Shipment:
        """Return what was merged and what the running bot took on.

        Every step may be repeated: a merge at the same head returns the same commit, a new process
        has loaded the new files anyway, and files whose taking on was cut short are kept in mind.
        `result` is what the merge was checked to come to; `None` only for one that is made already.
        Raises `StaleApproval`, `ForgeError`, `CheckoutDirty`.
        """
        if (approval.run_id, approval.head) != (proposal.run_id, proposal.head):
            raise StaleApproval("The approval was for another commit; nothing was merged.")
        merged = await self._forge.merge(proposal.number, approval.head, result)
        async with self._one_at_a_time:
            shipment = await self._deploy(proposal, approval, merged)
        landed = await self._checkout.get_tree_id(shipment.merge_commit)
        return shipment.replace(otherwise=result is not None and landed != result.tree)

    async def is_behind(self) -> bool:
        """Return whether `catch_up` has something to take on. Raises `WorkspaceError`."""
        tip = await self._checkout.fetch_tip()
        if self._is_rolled_back(tip):
            return False
        return self.has_files_left() or not await self._checkout.has_commit(tip)

    def _is_rolled_back(self, commit: str) -> bool:
        """Return whether it was started and rolled back: something newer has to come."""
        return self._core is not None and self._core.get_rollback_reason(commit) is not None

    def has_files_left(self) -> bool:
        """Return whether the checkout has files that this process has not taken on yet."""
        return bool(self._pending_reload)

    def leave_refused(self) -> None:
        """Forget the files whose restart was refused: the checkout has them as before."""
        self._pending_restart.clear()

    async def sync(self) -> Arrival | None:
        """Take on what came to the followed branch from elsewhere; `None`: nothing was new.

        It moves to what the remote itself says is the branch's newest commit, in the same turn as
        shipments. Raises `CheckoutDirty`, `WorkspaceError`.
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
        """Have the running bot take on what moved, and keep in mind what it did not."""
        adoption = await self._runtime.adopt(sorted(self._pending_reload))
        self._pending_reload.clear()
        self._pending_restart.update(adoption.restart_needed)
        for module in adoption.reloaded:
            self._old.pop(module, None)
        if adoption.behind is not None:  # somebody may have mended the others by hand
            self._old = {name: self._old.get(name, _BEHIND) for name in adoption.behind}
        self._old |= adoption.failed
        return adoption

    async def _request_restart(self, adoption: Adoption, commit: str, run_id: str | None) -> str:
        """Have core code come to run; return what is still missing, and who does it."""
        if self._core is None or not adoption.restart_needed:
            return ""
        return await self._core.bring(adoption.restart_needed, commit, run_id)

    def _list_leftovers(self, adoption: Adoption) -> tuple[str, ...]:
        """Return what earlier changes left as it was, until a restart or another change of it."""
        waiting = self._pending_restart.difference(adoption.restart_needed)
        return (*sorted(waiting), *sorted(self._old.keys() - adoption.failed.keys()))

    async def _deploy(
        self, proposal: Proposal, approval: Approval, merged: ForgeProposal
    ) -> Shipment:
        """Bring the running checkout up to the merge, and the running bot up to the checkout."""
        commit = merged.merge_commit or merged.head
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
            at=self._clock.get_time(),
        )


class ShipStep:
    """Ships an approved head."""

    def __init__(
        self,
        context: StepContext,
        deployer: Deployer,
        gate: QualityGate,
        revert: RevertSteps,
        watch: WatchStep,
    ) -> None:
        self._context = context
        self._deployer = deployer
        self._check = MergeCheck(context, gate)
        self._revert = revert
        self._watch = watch
        self._approval_policy = context.approval_policy

    async def perform(self, run: Run, history: History) -> Run:
        """Merge what was approved and take it on; what does not work waits for another word.

        What the merge comes to is checked before it is made. Where the base branch moves
        meanwhile that is another merge, and it is checked anew, a few times.
        """
        try:
            # before checks take their time
            await self._approval_policy.get_approval(run, need(history.proposal))
        except ChatUnavailable as error:
            return await self._wait(run, error)
        for _ in range(_MERGES):
            try:
                return await self._check_and_merge(run, history)
            except BaseMoved as error:
                moved = f"{error}: checking the merge with what came"
                await self._context.notifier.refresh(run, history, moved)
        what = (
            f"other changes came to the base branch {_MERGES} times while I checked what merging "
            "this comes to, so nothing was merged."
        )
        return await self._context.failures.wait_for_ship(run, what)

    async def _check_and_merge(self, run: Run, history: History) -> Run:
        """Check what the merge comes to, and make it if that holds. Raises `BaseMoved`."""
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
            again = run.replace(round=run.round + 1)
            await context.notifier.say(
                run, explain_moved_branch(error), key=f"conflict:{run.version}"
            )
            return await context.transitions.advance(again, Stage.VERIFY)
        return await self._finish(run, history, shipment, *records, approval)

    async def _finish(
        self, run: Run, history: History, shipment: Shipment, *records: Record
    ) -> Run:
        """End the run with what became of it."""
        reason = f"{shipment.summary[0].upper()}{shipment.summary[1:]}."
        if shipment.otherwise:
            reason += (
                " ⚠️ The base branch moved in that very moment, so what landed is not exactly what "
                "was checked: look at it, or say “revert”."
            )
        await self._append_audit_entry(run, shipment, reason)
        watch = await self._watch.begin(run, history, shipment)
        records = (*records, shipment, *([watch] if watch else []))
        if run.goal == "revert":
            await self._revert.mark_reverted(run, need(history.proposal))
        return await self._context.transitions.end(run, Status.DONE, reason, *records)

    async def _merge(
        self, run: Run, proposal: Proposal, tier: FullTier | None
    ) -> tuple[Approval, Shipment]:
        """Merge with the words of those who may give them at this very moment.

        Minutes may have passed since they were given, with the full checks or a forge out of reach.
        """
        approval = await self._approval_policy.get_approval(run, proposal)
        if not await self._context.is_merged(run, proposal):
            # what is merged already comes live, though
            await self._context.stop_guard.check_merge()
        result = tier.result if tier else None
        return approval, await self._deployer(proposal, approval, result)

    async def _append_audit_entry(self, run: Run, shipment: Shipment, reason: str) -> None:
        """Write down what was merged and what of it runs; cut short, it is written again."""
        taken = f"merge {shipment.merge_commit}, live {shipment.live_commit}"
        reloaded = f", reloaded {', '.join(shipment.reloaded)}" if shipment.reloaded else ""
        await self._context.services.store.append_audit_entry(
            AuditEntry(
                at=self._context.services.clock.get_time(),
                action="merged",
                allowed=True,
                run_id=run.id,
                note=f"{reason} {taken}{reloaded}",
                head=shipment.approved_head,
            )
        )

    async def _wait(self, run: Run, error: PortError, *records: Record) -> Run:
        """Wait for the forge's own checks, or for the chat, without holding a worker; not for ever.

        The limit is kept in the row while the sweep tries again and again.
        """
        limit, now = self._context.limits.forge_checks, self._context.services.clock.get_time()
        until = run.parked_until or now + limit
        if now >= until:
            waited = f"{limit.total_seconds() / 60:.0f} min"
            what = f"{error} I waited {waited} for that."
            return await self._context.failures.wait_for_ship(run, what, *records)
        reason = f"{error} I try again until {format_timestamp(until)}."
        return await self._context.transitions.await_forge(run, until, reason, *records)

    async def _has_moved(self, proposal: Proposal) -> bool:
        opened = await self._context.services.forge.get_proposal(proposal.number)
        return opened.state == "open" and opened.head != proposal.head
