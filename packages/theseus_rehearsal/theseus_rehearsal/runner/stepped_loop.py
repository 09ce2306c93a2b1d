"""An event loop that works in turns: it runs until it is idle, and then asks for the next turn."""

import asyncio
import importlib
import queue
import selectors
from collections.abc import Callable
from typing import Any

from .script_time import ScriptTime

Turn = Callable[[float | None], None]


class _SteppedSelector(selectors.DefaultSelector):
    """Ends the turn where the loop would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: SteppedLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self.loop
        ready = super().select(0)
        if loop is not None and not ready and timeout != 0:
            if loop.busy:
                ready = super().select(None)  # a thread is working and will wake us
            else:
                loop.end_turn()
                ready = super().select(0)
        # In a fixed order, not the kernel's, so that two runs are equal.
        return sorted(ready, key=lambda entry: entry[0].fd)


class SteppedLoop(asyncio.SelectorEventLoop):
    """The event loop of a rehearsal, with the script's time.

    When it has nothing to do except to wait for timers and answers, it calls `turn` with the time
    of the next timer. `turn` blocks until the bot may go on, so all that the server writes
    meanwhile is found at once, completely, and in the same order each time.
    """

    def __init__(self, time: ScriptTime, turn: Turn) -> None:
        selector = _SteppedSelector()
        super().__init__(selector)
        self.busy = 0  # the number of calls that threads are working on
        self._script_time = time
        self._turn = turn
        selector.loop = self
        _watch_sqlite(self)

    def time(self) -> float:
        """Return the script's time, in seconds."""
        return self._script_time.seconds

    def end_turn(self) -> None:
        """Report when the next timer is due, and wait for the next turn."""
        timers = self._scheduled  # type: ignore[attr-defined]
        self._turn(timers[0].when() if timers else None)

    def run_in_executor(  # type: ignore[override]  # its own type needs what 3.11 cannot say
        self, executor: Any, func: Any, *args: Any
    ) -> asyncio.Future[Any]:
        """Run a call in a thread; the turn lasts until it is done."""
        return self.count(super().run_in_executor(executor, func, *args))

    def count(self, working: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """Extend the turn until this future is done."""
        self.busy += 1
        working.add_done_callback(self._finish_work)
        return working

    def _finish_work(self, _working: asyncio.Future[Any]) -> None:
        self.busy -= 1


def _watch_sqlite(loop: SteppedLoop) -> None:
    """Count the calls that aiosqlite, if there is one, passes to its threads by its own queue."""
    try:
        core = importlib.import_module("aiosqlite.core")
    except ModuleNotFoundError:
        return

    class CountedQueue(queue.SimpleQueue):  # type: ignore[type-arg]
        def put_nowait(self, item: Any) -> None:
            if item[0] is not None:
                loop.count(item[0])
            super().put_nowait(item)

    for name in ("SimpleQueue", "Queue"):  # the second until aiosqlite 0.19
        if hasattr(core, name):
            setattr(core, name, CountedQueue)
