"""Cancelling: a run ends with everything it started, and its proposal is closed."""

import asyncio
import logging

from bot.domain.cards import standing
from bot.domain.errors import ForgeError, WorkspaceError, WrongStage
from bot.domain.history import History
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._keeper import Keeper, about
from bot.self_improvement._parts import Doors
from bot.self_improvement._purse import Purse
from bot.self_improvement._settling import Settling
from bot.self_improvement._voice import Voice
from bot.self_improvement._workers import Workers

_log = logging.getLogger(__name__)


class Cancelling:
    """Ends runs before their time. Whoever calls has authorised it, and holds the run's turn."""

    def __init__(
        self, doors: Doors, workers: Workers, keeper: Keeper, voice: Voice, purse: Purse
    ) -> None:
        self._doors = doors
        self._workers = workers
        self._keeper = keeper
        self._voice = voice
        self._purse = purse
        self.settling = Settling(doors, keeper, voice)

    async def cancel(self, run_id: str, reason: str, *, patience: float | None = None) -> Run:
        """End the run. Raises `WrongStage` if it has ended, or has merged by now.

        One that is merged comes live, as it would have. The forge gets `patience` seconds; one
        that does not answer is asked again later.
        """
        stopped = await self._workers.stop(run_id)
        run = self._purse.settle(await self._doors.store.get(run_id))
        history = await self._doors.store.history(run.id)
        if run.ended:
            await self._voice.last_word(run, history)
            raise WrongStage(f"Run `{run.id}` has ended already: {run.reason or standing(run)}")
        ships = stopped or await self._ships(run, history)
        try:
            async with asyncio.timeout(patience):
                opened = await self._keeper.withdraw(run, history, reason)
        except (ForgeError, TimeoutError) as error:
            opened = None
            what = str(error) or "The forge does not answer."
            reason += f" Its pull request could not be closed: {what}"
            await self.settling.later(run)
            reason += " I ask the forge again until it tells what became of it."
        if ships and opened is not None and opened.state == "merged":
            await self._back(run)
            raise WrongStage(f"Too late: #{opened.number} is merged already, and coming live.")
        ended = await self._keeper.end(run, Status.CANCELLED, reason + about(opened))
        await self.drop(run.id)
        return ended

    async def drop(self, run_id: str) -> None:
        """Remove the branch of a run that has ended."""
        try:
            await self._doors.workspaces.drop(run_id)
        except WorkspaceError:
            _log.exception("the branch of run %s could not be removed", run_id)

    async def _ships(self, run: Run, history: History) -> bool:
        """Whether it was approved and is being shipped, if only by a process that is gone."""
        if run.stage is not Stage.SHIP or run.status is Status.WAITING or not history.proposal:
            return False
        return await self._doors.store.approval(run.id, history.proposal.head) is not None

    async def _back(self, run: Run) -> None:
        queued = run.but(status=Status.QUEUED, lease_owner=None, updated_at=self._doors.clock.now())
        await self._doors.store.save(queued)
        self._workers.wake()
