"""Goes on with runs whose stage could not reach the state, as soon as it can be reached again."""

import asyncio
from dataclasses import dataclass

import structlog

from bot.authority.kill_switch import KillSwitchGuard
from bot.domain.errors import StoreConflict, TheseusError
from bot.periodic import compute_delay
from bot.ports.clock import Clock
from bot.self_improvement.runs.recovery import RecoveryService
from bot.self_improvement.runs.worker import Workers

_PAUSE_SECONDS = 1.0
_MOST_ATTEMPTS = 60  # about an hour; after that the next start recovers the run
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class OutageRecovery:
    """Recovers the runs that `Workers` could not go on with, as a restart would."""

    clock: Clock
    workers: Workers
    recovery: RecoveryService
    stop_guard: KillSwitchGuard
    owner: str

    async def run_forever(self) -> None:
        """Recover each interrupted run until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                run_id = await self.workers.interrupted.get()
                group.create_task(self._recover(run_id), name=f"recover {run_id}")

    async def _recover(self, run_id: str) -> None:
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            pause = compute_delay(_PAUSE_SECONDS, attempt)
            try:
                if await self.stop_guard.get_stop() is None:
                    await self.recovery.recover_after_outage(run_id, self.owner)
                    self.workers.wake()
                    return
            except StoreConflict:
                return  # another writer has changed the run: its version counts
            except TheseusError as error:
                _log.warning("run %s waits %.0f s for the state: %s", run_id, pause, error)
            await self.clock.sleep(pause)
        _log.error("run %s was interrupted, and is not resumed; the next start does", run_id)
