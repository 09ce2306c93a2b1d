"""Replaces the machine's time by the script's."""

# Threads use the machine's time: this module copies its clocks at import, so import it first.
import asyncio  # noqa: F401
import concurrent.futures.thread  # noqa: F401
import queue  # noqa: F401
import subprocess  # noqa: F401
import threading
import time
from datetime import datetime, timedelta
from typing import Any

from .script_calendar import ScriptCalendar, open_calendar

_NANO = 1_000_000_000


class ScriptTime:
    """Seconds since the start of the script, which advance only by `move_to` and sleeps.

    After `install`, all clocks of the standard library show it; `begin` sets the calendar.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._starts: datetime | None = None
        self._calendar: ScriptCalendar | None = None
        self._really_sleep = time.sleep

    def install(self) -> None:
        """Replace the monotonic clocks and `time.sleep`."""
        time.monotonic = time.perf_counter = lambda: self.seconds
        time.monotonic_ns = time.perf_counter_ns = lambda: round(self.seconds * _NANO)
        time.sleep = self._sleep

    def begin(self, starts: datetime) -> None:
        """Set the calendar for all ways to read it."""
        self._starts = starts
        self._calendar = open_calendar(self.now())

    def now(self) -> datetime:
        """Return the script's date and time, in UTC."""
        assert self._starts is not None, "the play has not begun"  # noqa: S101 - for mypy
        return self._starts + timedelta(seconds=self.seconds)

    def move_to(self, seconds: float) -> None:
        """Advance to that many seconds after the start; time never goes back."""
        if seconds > self.seconds:
            self.seconds = seconds
            if self._calendar is not None:
                self._calendar.move_to(self.now())

    def _sleep(self, seconds: Any, /) -> None:
        """Advance the time. Other threads really sleep, as they must not block the main thread."""
        if threading.current_thread() is threading.main_thread():
            self.move_to(self.seconds + seconds)
        else:
            self._really_sleep(seconds)
