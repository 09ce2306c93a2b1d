"""The emergency stop, as it applies to one run."""

from dataclasses import dataclass

from bot.authority.kill_switch import KillSwitchGuard
from bot.domain.errors import ForgeError
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Stage
from bot.domain.stop import Stop
from bot.ports.store import Store
from bot.ports.targets import Targets


@dataclass(frozen=True, eq=False)
class RunStops:
    """Stops a run, unless its approved change is already merged and only has to come live."""

    stop_guard: KillSwitchGuard
    store: Store
    targets: Targets

    async def find_stop(self, run: Run, proposal: Proposal | None) -> Stop | None:
        """Return the stop that applies to the run, if there is one.

        The forge is not asked unless a stop is active.
        """
        stop = await self.stop_guard.get_stop()
        return None if stop is None or await self._is_merged(run, proposal) else stop

    async def check_merge(self, run: Run, proposal: Proposal) -> None:
        """Raise `Stopped` if a stop applies to the run's merge."""
        if await self.stop_guard.get_stop() is None or not await self._is_merged(run, proposal):
            await self.stop_guard.check_merge()

    async def _is_merged(self, run: Run, proposal: Proposal | None) -> bool:
        if run.stage is not Stage.SHIP or proposal is None:
            return False
        if await self.store.get_approval(run.id, proposal.head) is None:
            return False
        try:
            forge = self.targets.get(run.trigger.target).forge
            opened = await forge.get_proposal(proposal.number)
        except ForgeError:
            return False
        return opened.state == "merged"
