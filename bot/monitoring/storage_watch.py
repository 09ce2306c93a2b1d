"""Watches the files that hold state, and says once when one cannot be used any more."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from bot.domain.storage import StorageFault, StorageFaultKind
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock

LOOK_SECONDS = 15.0
_log = logging.getLogger(__name__)

Send = Callable[[str], Awaitable[None]]
"""Says a text in the dev channel without storing it first. Raises `PortError`."""
RaiseAlert = Callable[[StorageFault], Awaitable[None]]
"""Alerts people elsewhere than in the chat."""


class StateFile(Protocol):
    """A file that holds state, open."""

    path: Path
    fault: StorageFault | None

    async def probe(self) -> None:
        """Find out whether the file can be written, and set `fault`. Raises nothing for that."""
        ...


class StorageWatch:
    """Looks at every file now and then. Each fault is said once, and so is its end.

    The message does not pass the outbox: that is in one of these files.
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
        """The faults as of the last look or use, one a file."""
        found = {each.path: each.fault for each in self._files if each.fault is not None}
        return tuple(found.values())

    async def run_forever(self) -> None:
        """Look until cancelled."""
        failed = log_warnings(_log, "the dev channel was not told about the state files")
        await run_periodically(self.look, self._clock, LOOK_SECONDS, failed=failed)

    async def look(self) -> None:
        """Try every file, and say what is new. Raises `PortError` where nobody could be told."""
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
        """Say all that is new in one message; alerts go out even where the chat refuses it."""
        for key, fault in new.items():
            if key not in self._alerted:
                self._alerted.add(key)
                _log.error("%s", fault.text)
                if self._raise_alert is not None:
                    await self._raise_alert(fault)
        lines = "\n".join(f"- {fault.text}" for fault in new.values())
        await self._send(f"⚠️ I cannot use my state as it is, so I start nothing new:\n{lines}")
        self._announced |= new
