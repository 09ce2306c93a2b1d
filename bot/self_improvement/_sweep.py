"""The sweep: notices what happened to waiting proposals at the forge itself."""

import logging

from bot.domain.errors import ForgeError, TheseusError
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal, Proposal
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._keeper import Keeper
from bot.self_improvement._parts import Doors, Limits
from bot.self_improvement._turns import Turns
from bot.self_improvement._workers import Workers

_log = logging.getLogger(__name__)


class Sweep:
    """Looks at every run that waits for a word, again and again."""

    def __init__(
        self, doors: Doors, limits: Limits, keeper: Keeper, workers: Workers, turns: Turns
    ) -> None:
        self._doors = doors
        self._limits = limits
        self._keeper = keeper
        self._workers = workers
        self._turns = turns

    async def run_forever(self) -> None:
        """Look at every waiting run, then pause, until cancelled."""
        while True:
            await self._doors.clock.sleep(self._limits.sweep.total_seconds())
            try:
                await self.look()
            except TheseusError:
                _log.exception("the sweep did not get to its end; the next one starts over")

    async def look(self) -> None:
        """Look once at every waiting run."""
        for run in await self._doors.store.find(status={Status.WAITING}, limit=1000):
            async with self._turns.of(run.id):
                await self._look_at(await self._doors.store.get(run.id))

    async def _look_at(self, run: Run) -> None:
        if run.status is not Status.WAITING or run.stage is not Stage.SHIP:
            return
        history = await self._doors.store.history(run.id)
        proposal = history.proposal
        if proposal is None:
            return
        try:
            opened = await self._doors.forge.proposal(proposal.number)
        except ForgeError:
            return  # the next sweep looks again; an approval would say what is wrong
        if opened.state == "closed":
            reason = f"#{proposal.number} was closed at the forge by hand."
            await self._keeper.end(run, Status.REJECTED, reason)
        elif opened.state == "merged":
            await self._merged(run, proposal)
        else:
            await self._open(run, history, opened)

    async def _merged(self, run: Run, proposal: Proposal) -> None:
        if await self._doors.store.approval(run.id, proposal.head) is not None:
            return  # our own merge: it failed to come live, and waits for another word
        reason = (
            f"#{proposal.number} was merged at the forge by hand. It is live once this checkout is "
            "brought up to it and I am restarted."
        )
        await self._keeper.end(run, Status.DONE, reason)

    async def _open(self, run: Run, history: History, opened: ForgeProposal) -> None:
        """Check a head that was not the last one checked: somebody pushed to the branch."""
        if history.verdict is not None and opened.head == history.verdict.head:
            return
        moved = run.but(
            stage=Stage.VERIFY,
            status=Status.QUEUED,
            round=run.round + 1,
            reason="",
            updated_at=self._doors.clock.now(),
        )
        await self._doors.store.save(moved)
        self._workers.wake()
