"""The agent's work for as long as the program runs: recover runs, then work on them."""

import asyncio
from typing import Protocol

import structlog

from bot.authority.audit_watch import AuditWatch
from bot.authority.emergency_stop import EmergencyStop
from bot.periodic import log_tracebacks, run_until_success
from bot.ports.clock import Clock
from bot.self_improvement.requests.run_starter import RunAdmission
from bot.self_improvement.runs.recovery import RecoveryService
from bot.self_improvement.runs.worker import Workers

_NOT_RECOVERED = log_tracebacks(
    structlog.stdlib.get_logger(__name__), "runs could not be recovered; I will try again"
)


class Loop(Protocol):
    """Work that goes on until it is cancelled."""

    async def run_forever(self) -> None:
        """Work until cancelled."""
        ...


class RunningAgent:
    """Starts the agent's work, and ends it in order. `loops` are its other periodic parts."""

    def __init__(
        self,
        clock: Clock,
        emergency: EmergencyStop,
        audit: AuditWatch,
        recovery: RecoveryService,
        workers: Workers,
        admission: RunAdmission,
        loops: tuple[Loop, ...],
    ) -> None:
        self._clock = clock
        self._emergency = emergency
        self._audit = audit
        self._recovery = recovery
        self._workers = workers
        self._admission = admission
        self._loops: tuple[Loop, ...] = (emergency, workers, audit, *loops)

    async def run_forever(self) -> None:
        """Recover what an earlier process left, then work until cancelled."""
        await run_until_success(self.recover, self._clock, failed=_NOT_RECOVERED)
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(loop.run_forever(), name=type(loop).__name__)

    async def recover(self) -> None:
        """Continue, queue or end every unfinished run; resume none during an emergency stop."""
        stop = await self._emergency.on_start()
        await self._audit.on_start()
        await self._recovery.recover(stopped=stop is not None)
        self._workers.wake()

    async def drain(self, seconds: float, *, refuse: str = "") -> None:
        """Finish the current step of each run within `seconds`, and start no other step.

        With `refuse`, new requests are refused with that text.
        """
        if refuse:
            self._admission.close(refuse)
        await self._workers.drain(seconds)
