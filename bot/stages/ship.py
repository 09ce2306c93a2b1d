"""Ship: merge the approved head, bring the running checkout up to it, and take it on."""

import asyncio

from bot.domain.arrival import Arrival
from bot.domain.change import MergeResult
from bot.domain.errors import StaleApproval
from bot.domain.proposal import Approval, ForgeProposal, Proposal, Shipment
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.runtime import Adoption, Runtime
from bot.ports.workspace import Checkout


class Ship:
    """Merges exactly what was approved, once."""

    def __init__(self, forge: Forge, checkout: Checkout, runtime: Runtime, clock: Clock) -> None:
        self._forge = forge
        self._checkout = checkout
        self._runtime = runtime
        self._clock = clock
        self._not_taken_on: set[str] = set()  # files moved forward under this very process
        self._for_a_restart: set[str] = set()  # files this process will never run
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
            shipment = await self._taken_on(proposal, approval, merged)
        landed = await self._checkout.tree(shipment.merge_commit)
        return shipment.but(otherwise=result is not None and landed != result.tree)

    async def catch_up(self) -> Arrival | None:
        """Take on what came to the followed branch from elsewhere; `None`: nothing was new.

        It moves to what the remote itself says is the branch's newest commit, in the same turn as
        shipments. Raises `CheckoutDirty`, `WorkspaceError`.
        """
        async with self._one_at_a_time:
            tip = await self._checkout.tip()
            self._not_taken_on.update(await self._checkout.fast_forward(tip))
            if not self._not_taken_on:
                return None
            files = tuple(sorted(self._not_taken_on))
            adoption = await self._adopted()
            return Arrival(
                commit=await self._checkout.head(),
                files=files,
                reloaded=adoption.reloaded,
                restart_needed=tuple(sorted(self._for_a_restart)),
                failed=self._old,
            )

    async def _adopted(self) -> Adoption:
        """Have the running bot take on what moved, and keep in mind what it did not."""
        adoption = await self._runtime.adopt(sorted(self._not_taken_on))
        self._not_taken_on.clear()
        self._for_a_restart.update(adoption.restart_needed)
        for module in adoption.reloaded:
            self._old.pop(module, None)
        self._old |= adoption.failed
        return adoption

    def _left_from_before(self, adoption: Adoption) -> tuple[str, ...]:
        """Return what earlier changes left as it was, until a restart or another change of it."""
        waiting = self._for_a_restart.difference(adoption.restart_needed)
        return (*sorted(waiting), *sorted(self._old.keys() - adoption.failed.keys()))

    async def _taken_on(
        self, proposal: Proposal, approval: Approval, merged: ForgeProposal
    ) -> Shipment:
        """Bring the running checkout up to the merge, and the running bot up to the checkout."""
        commit = merged.merge_commit or merged.head
        self._not_taken_on.update(await self._checkout.fast_forward(commit))
        adoption = await self._adopted()
        live = await self._checkout.head()
        return Shipment(
            run_id=proposal.run_id,
            approved_head=approval.head,
            merge_commit=commit,
            live_commit=live,
            reloaded=adoption.reloaded,
            restart_needed=bool(adoption.restart_needed),
            failed=adoption.failed,
            earlier=self._left_from_before(adoption),
            at=self._clock.now(),
        )
