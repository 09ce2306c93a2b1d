"""A clock that moves only when a test advances it."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)

_SETTLE = 10  # turns of the event loop a woken sleeper gets before time moves on


class FakeClock:
    """Implements `bot.ports.clock.Clock`; time passes only through `advance` and `tick`."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._slept = asyncio.Event()

    def now(self) -> datetime:
        """Return the start plus what has passed."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until a test has advanced the clock this far; a sleep of zero still yields
        control.
        """
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        self._slept.set()
        await woken

    @property
    def sleepers(self) -> int:
        """The number of waiting sleepers."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def wait_until_asleep(self, count: int = 1, *, within: float = 5.0) -> None:
        """Wait until at least `count` are asleep; `TimeoutError` after `within` real seconds."""
        async with asyncio.timeout(within):
            while self.sleepers < count:
                self._slept.clear()
                await self._slept.wait()

    async def advance(self, seconds: float) -> None:
        """Move time forward, waking sleepers in the order they are due.

        Each one runs, and may sleep again, before the next is woken: a loop that sleeps one second
        turns ten times in `advance(10)`.
        """
        target = self._elapsed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            self._wake_next()
            await self._settle()
        self._elapsed = max(
            self._elapsed, target
        )  # another task may have advanced it further meanwhile

    def tick(self, seconds: float) -> None:
        """Move time forward at once, outside a loop too; sleepers that are due wake later."""
        target = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= target:
            self._wake_next()
        self._elapsed = target

    def _wake_next(self) -> None:
        due, _, woken = heapq.heappop(self._sleepers)
        self._elapsed = max(self._elapsed, due)
        if not woken.done():
            woken.set_result(None)

    @staticmethod
    async def _settle() -> None:
        for _ in range(_SETTLE):
            await asyncio.sleep(0)


class HurriedClock(FakeClock):
    """A clock on which a sleep takes no real time, for what looks again and again."""

    async def sleep(self, seconds: float) -> None:
        """Advance the time at once."""
        self.tick(seconds)
        await asyncio.sleep(0)
