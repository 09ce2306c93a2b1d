"""Merges what was approved, and loads new code into the running bot."""

import asyncio
from collections.abc import Collection
from typing import Protocol

from bot.domain.arrival import Arrival
from bot.domain.change import MergeResult
from bot.domain.errors import StaleApproval
from bot.domain.proposal import Approval, ForgeProposal, Proposal, Shipment
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.runtime import Adoption, Runtime
from bot.ports.workspace import Checkout
from bot.self_improvement.runs.core_updates import CoreUpdates

_BEHIND = "the running code differs from its file: the new code was refused or rolled back"


class ShipmentDeployer(Protocol):
    """Merges what was approved into a target, and brings it live."""

    async def __call__(
        self, proposal: Proposal, approval: Approval, result: MergeResult | None
    ) -> Shipment:
        """Return what was merged, and whether it is live.

        Every step can be repeated. `result` is the checked result of the merge, and `None` only
        for a merge that exists already. Raises `StaleApproval`, `ForgeError`, `WorkspaceError`.
        """
        ...


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
