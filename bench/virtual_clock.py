"""A clock that goes with the machine's, and jumps ahead when it is told to."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_LONGEST_WAIT = 3600.0


class VirtualClock:
    """Implements `bot.ports.clock.Clock`.

    A jump wakes all who are due by then. Its distance from the machine's clock is in a file, so
    that a process that starts later goes on from there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead = float(file.read_text(encoding="ascii")) if file.exists() else 0.0
        self._jumped = asyncio.Event()

    def now(self) -> datetime:
        """Return the virtual time in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        """Return seconds that go with `now`."""
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Wait that many virtual seconds; a sleep of zero still yields control."""
        if seconds <= 0:
            await asyncio.sleep(0)
        due = self.monotonic() + seconds
        while (left := due - self.monotonic()) > 0:
            jumped = self._jumped
            try:
                async with asyncio.timeout(min(left, _LONGEST_WAIT)):
                    await jumped.wait()
            except TimeoutError:
                continue

    def jump(self, seconds: float) -> None:
        """Move ahead at once, and write down how far."""
        self.ahead += seconds
        self._file.write_text(repr(self.ahead), encoding="ascii")
        jumped, self._jumped = self._jumped, asyncio.Event()
        jumped.set()
