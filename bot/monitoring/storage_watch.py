"""Watches the state files, and reports once when one cannot be used any more."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from bot.domain.storage import StorageFault, StorageFaultKind
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock

LOOK_SECONDS = 15.0
_log = structlog.stdlib.get_logger(__name__)

Send = Callable[[str], Awaitable[None]]
"""Posts a text in the dev channel without storing it first. Raises `PortError`."""
RaiseAlert = Callable[[StorageFault], Awaitable[None]]
"""Sends an alert outside the chat."""


class StateFile(Protocol):
    """An open file that holds state."""

    @property
    def path(self) -> Path:
        """The file, or a path that stands for a database of PostgreSQL."""
        ...

    @property
    def fault(self) -> StorageFault | None:
        """What keeps it from working, as last seen."""
        ...

    async def probe(self) -> None:
        """Check whether the file can be written, and set `fault`. Such a fault is not raised."""
        ...


class StorageWatch:
    """Checks every file at intervals. Each fault is reported once, and the end of all faults once.

    The message does not go through the outbox, because the outbox is one of these files.
    """

    def __init__(
        self,
        files: Sequence[StateFile],
        send: Send,
        clock: Clock,
        *,
        raise_alert: RaiseAlert | None = None,
    ) -> None:
        self._files = tuple(files)
        self._send = send
        self._clock = clock
        self._raise_alert = raise_alert
        self._announced: dict[tuple[Path, StorageFaultKind], StorageFault] = {}
        self._alerted: set[tuple[Path, StorageFaultKind]] = set()

    @property
    def faults(self) -> tuple[StorageFault, ...]:
        """The faults as of the last check or use, one per file."""
        found = {each.path: each.fault for each in self._files if each.fault is not None}
        return tuple(found.values())

    async def run_forever(self) -> None:
        """Check until cancelled."""
        failed = log_warnings(_log, "the state of the files could not be posted in the dev channel")
        await run_periodically(self.look, self._clock, LOOK_SECONDS, failed=failed)

    async def look(self) -> None:
        """Check every file and report news. Raises `PortError` if the message cannot be sent."""
        for each in self._files:
            await each.probe()
        faults = {(each.file, each.kind): each for each in self.faults}
        new = {key: fault for key, fault in faults.items() if key not in self._announced}
        ended = {key: fault for key, fault in self._announced.items() if key not in faults}
        if new:
            await self._announce(new)
        if ended and not faults:
            self._announced = {}
            self._alerted.clear()
            await self._send("✅ I can read and write all my state files again.")

    async def _announce(self, new: dict[tuple[Path, StorageFaultKind], StorageFault]) -> None:
        """Report all new faults in one message. Alerts are sent even if the chat refuses it."""
        for key, fault in new.items():
            if key not in self._alerted:
                self._alerted.add(key)
                _log.error("%s", fault.text)
                if self._raise_alert is not None:
                    await self._raise_alert(fault)
        lines = "\n".join(f"- {fault.text}" for fault in new.values())
        await self._send(f"⚠️ I cannot use my state files, so I start nothing new:\n{lines}")
        self._announced |= new
