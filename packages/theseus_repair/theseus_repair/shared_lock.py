"""A lock that many hold side by side, or one alone: who has to measure time takes it alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

MAX_WAIT_SECONDS = 60.0  # seconds
T = TypeVar("T")


class SharedLock:
    """Held shared by whatever loads the machine. Not for blocks within blocks of one task."""

    def __init__(self, seconds: float = MAX_WAIT_SECONDS) -> None:
        self._seconds = seconds
        self._inside = 0
        self._empty, self._open = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._open.set()
        self._one = asyncio.Lock()

    async def run_alone_if_late(
        self, once: Callable[[], Awaitable[T]], late: Callable[[T], bool]
    ) -> T:
        """Return the result of `once` alongside others; if it is `late`, run `once` again alone."""
        async with self.hold_shared():
            result = await once()
        if not late(result):
            return result
        async with self.hold_exclusive():
            return await once()

    @asynccontextmanager
    async def hold_shared(self) -> AsyncIterator[None]:
        """Run the block alongside others, when no one runs or waits to run alone."""
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def hold_exclusive(self) -> AsyncIterator[None]:
        """Run the block alone; after `seconds`, it starts although others still run.

        A full run of all tests takes many minutes, and nothing else could start in the meantime.
        """
        async with self._one:
            self._open.clear()
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await self._empty.wait()
                yield
            finally:
                self._open.set()
