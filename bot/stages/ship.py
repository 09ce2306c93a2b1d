"""Ship: merge the approved head, bring the running checkout up to it, and take it on."""

from bot.domain.errors import StaleApproval
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.runtime import Runtime
from bot.ports.workspace import Checkout


class Ship:
    """Merges exactly what was approved, once."""

    def __init__(self, forge: Forge, checkout: Checkout, runtime: Runtime, clock: Clock) -> None:
        self._forge = forge
        self._checkout = checkout
        self._runtime = runtime
        self._clock = clock

    async def __call__(self, proposal: Proposal, approval: Approval) -> Shipment:
        """Return what was merged and what the running bot took on.

        Every step may be repeated after a crash: a merge at the same head returns the same commit,
        and a checkout that is already there reloads nothing twice that matters. Raises
        `StaleApproval`, `ForgeError`, `CheckoutDirty`.
        """
        if (approval.run_id, approval.head) != (proposal.run_id, proposal.head):
            raise StaleApproval("The approval was for another commit; nothing was merged.")
        merged = await self._forge.merge(proposal.number, approval.head)
        commit = merged.merge_commit or merged.head
        changed = await self._checkout.fast_forward(commit)
        adoption = await self._runtime.adopt(changed)
        live = await self._checkout.head()
        return Shipment(
            run_id=proposal.run_id,
            approved_head=approval.head,
            merge_commit=commit,
            live_commit=live,
            reloaded=adoption.reloaded,
            restart_needed=bool(adoption.restart_needed),
            failed=adoption.failed,
            at=self._clock.now(),
        )
