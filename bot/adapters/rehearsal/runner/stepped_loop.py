"""An event loop that goes in turns: it works until nothing is left to do, and then asks."""

import asyncio
import queue
import selectors
from collections.abc import Callable
from typing import Any

import aiosqlite.core

from .script_time import ScriptTime

Turn = Callable[[float | None], None]


class _SteppedSelector(selectors.DefaultSelector):
    """Where the loop would wait, it ends its turn instead."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: SteppedLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self.loop
        ready = super().select(0)
        if loop is not None and not ready and timeout != 0:
            if loop.busy:
                ready = super().select(None)  # a thread works: it wakes us
            else:
                loop.end_turn()
                ready = super().select(0)
        # In an order of its own, not in the kernel's: two plays are to be equal.
        return sorted(ready, key=lambda each: each[0].fd)


class SteppedLoop(asyncio.SelectorEventLoop):
    """The loop of a play.

    Its time is the script's. When nothing is left to do but to wait for timers and for answers,
    `turn` is called with when the next timer is due, and blocks until the bot may go on: what the
    server writes meanwhile is found at once, whole, and in the same order each time.
    """

    def __init__(self, time: ScriptTime, turn: Turn) -> None:
        selector = _SteppedSelector()
        super().__init__(selector)
        self.busy = 0  # calls that threads work at
        self._script_time = time
        self._turn = turn
        selector.loop = self
        _watch_sqlite(self)

    def time(self) -> float:
        """Return the script's time, in seconds."""
        return self._script_time.seconds

    def end_turn(self) -> None:
        """Tell when the next timer is due, and wait for the next turn."""
        waiting = self._scheduled  # type: ignore[attr-defined]
        self._turn(waiting[0].when() if waiting else None)

    def run_in_executor(  # type: ignore[override]  # its own type needs what 3.11 cannot say
        self, executor: Any, func: Any, *args: Any
    ) -> asyncio.Future[Any]:
        """Run it in a thread; the turn lasts until it is done."""
        return self.count(super().run_in_executor(executor, func, *args))

    def count(self, working: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """Let the turn last until this future is done."""
        self.busy += 1
        working.add_done_callback(self._finish_work)
        return working

    def _finish_work(self, _working: asyncio.Future[Any]) -> None:
        self.busy -= 1


def _watch_sqlite(loop: SteppedLoop) -> None:
    """Count what aiosqlite has its threads do, which it hands over in a queue of its own."""

    class CountedQueue(queue.SimpleQueue):  # type: ignore[type-arg]
        def put_nowait(self, item: Any) -> None:
            if item[0] is not None:
                loop.count(item[0])
            super().put_nowait(item)

    aiosqlite.core.SimpleQueue = CountedQueue  # type: ignore[attr-defined]
