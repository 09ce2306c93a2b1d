"""Watches the server through which workers get their work, and reports its absence once."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.errors import PortError
from bot.domain.queued_work import WorkUnavailable
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock

LOOK_SECONDS = 30.0
_log = structlog.stdlib.get_logger(__name__)

RaiseAlert = Callable[[str], Awaitable[None]]
"""Sends an alert with this reason outside the chat."""


class WorkServer(Protocol):
    """Carries work to workers."""

    async def probe(self) -> None:
        """Connect if need be, and ask whether the server answers. Raises `WorkUnavailable`."""
        ...


class WorkWatch:
    """Asks the server at intervals, from the start on, which also connects to it again.

    Nothing waits for it: without a server, the queue has the work done by this machine.
    """

    def __init__(
        self,
        server: WorkServer,
        announcer: DevChannelAnnouncer,
        clock: Clock,
        raise_alert: RaiseAlert,
    ) -> None:
        self._server, self._announcer = server, announcer
        self._clock, self._raise_alert = clock, raise_alert
        self._down_since = ""

    async def run_forever(self) -> None:
        """Look until cancelled."""
        failed = log_warnings(_log, "the state of the workers' server could not be posted")
        await run_periodically(
            self.look, self._clock, LOOK_SECONDS, tolerated=PortError, failed=failed
        )

    async def look(self) -> None:
        """Ask once, and report news. Raises `PortError` if the message cannot be posted."""
        try:
            await self._server.probe()
        except WorkUnavailable as error:
            if not self._down_since:
                await self._report_absence(str(error))
            return
        if self._down_since:
            key = f"work:back:{self._down_since}"
            await self._announcer.tell("✅ The server of my workers answers again.", key=key)
            self._down_since = ""

    async def _report_absence(self, reason: str) -> None:
        now = self._clock.now().isoformat(timespec="seconds")
        _log.error("work_server_away", reason=reason)
        text = "⚠️ I cannot reach my workers, so I do their work myself until I can"
        await self._announcer.tell(f"{text}: {reason}.", key=f"work:away:{now}")
        await self._raise_alert(reason)
        self._down_since = now
