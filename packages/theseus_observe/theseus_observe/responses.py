"""Interactions under way: when they began, and whether they are answered in time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any

from theseus_observe.hook_runner import HookRunner

RESPONSE_SECONDS = 2.5
"""Discord waits 3 s for the first response. A command may leave it to another task."""

_MOST = 4_096


class Stopwatch:
    """Remembers when actions began, of the last few thousand."""

    def __init__(self) -> None:
        self._started: OrderedDict[object, float] = OrderedDict()

    def start(self, key: object) -> None:
        """Note that an action begins, unless it has begun already."""
        self._started.setdefault(key, monotonic())
        if len(self._started) > _MOST:
            self._started.popitem(last=False)

    def measure_seconds(self, key: object) -> float | None:
        """Return how long ago it began; `None` if that is not known."""
        started = self._started.get(key)
        return None if started is None else monotonic() - started

    def stop(self, key: object) -> float | None:
        """Return how many milliseconds it took."""
        started = self._started.pop(key, None)
        return None if started is None else round((monotonic() - started) * 1000, 3)


class Endings:
    """Remembers which interactions are recorded, so that each is recorded once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, None] = OrderedDict()

    def claim(self, interaction_id: int) -> bool:
        """Return whether the interaction is not recorded yet; from now on it is."""
        if interaction_id in self._seen:
            return False
        self._seen[interaction_id] = None
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return True


class ResponseWatch:
    """Looks whether interactions without a response get one in time."""

    def __init__(self, runner: HookRunner, seconds: float = RESPONSE_SECONDS) -> None:
        self._runner = runner
        self._seconds = seconds
        self._timers: dict[int, tuple[asyncio.TimerHandle, Callable[[], object]]] = {}

    def check(self, interaction: Any, elapsed: float, record: Callable[[bool], object]) -> None:
        """Call `record` with whether there is a response, at once or when it would be late."""
        if interaction.response.is_done():
            record(True)
            return
        number = interaction.id

        def look() -> None:
            self._timers.pop(number, None)
            self._runner.run(lambda: record(interaction.response.is_done()))

        delay = max(0.0, self._seconds - elapsed)
        self._timers[number] = (asyncio.get_running_loop().call_later(delay, look), look)

    def close(self) -> None:
        """Wait no longer: what has no response now gets none."""
        for timer, look in [*self._timers.values()]:
            timer.cancel()
            look()
