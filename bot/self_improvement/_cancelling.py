"""Cancelling: a run ends with everything it started, and its proposal is closed."""

import logging

from bot.domain.errors import ForgeError, WorkspaceError, WrongStage
from bot.domain.run import Run, Status
from bot.self_improvement._keeper import Keeper, about
from bot.self_improvement._parts import Doors
from bot.self_improvement._purse import Purse
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

    async def cancel(self, run_id: str, reason: str) -> Run:
        """End the run. Raises `WrongStage` if it has ended, or has merged by now."""
        stopped = await self._workers.stop(run_id)
        run = self._purse.settle(await self._doors.store.get(run_id))
        history = await self._doors.store.history(run.id)
        if run.ended:
            await self._voice.last_word(run, history)
            raise WrongStage(f"Run `{run.id}` has ended already: {run.reason or run.status}")
        try:
            opened = await self._keeper.withdraw(run, history, reason)
        except ForgeError as error:
            opened = None
            reason += f" Its pull request could not be closed: {error}"
        if stopped and opened is not None and opened.state == "merged":
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

    async def _back(self, run: Run) -> None:
        queued = run.but(status=Status.QUEUED, lease_owner=None, updated_at=self._doors.clock.now())
        await self._doors.store.save(queued)
        self._workers.wake()
