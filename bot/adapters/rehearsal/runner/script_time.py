"""The script's time, in place of the machine's."""

# What waits in threads goes on by the machine's time: it takes its clocks at import, so now.
import asyncio  # noqa: F401
import concurrent.futures.thread  # noqa: F401
import queue  # noqa: F401
import subprocess  # noqa: F401
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import time_machine

_NANO = 1_000_000_000


class ScriptTime:
    """Seconds since the play began, which go on only when somebody says so.

    Installed, all of the standard library's clocks show it; `begin` sets what the calendar says.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._starts: datetime | None = None
        self._calendar: time_machine.Traveller | None = None
        self._really_sleep = time.sleep

    def install(self) -> None:
        """Replace the clocks that count from anywhere, and `time.sleep`."""
        time.monotonic = time.perf_counter = lambda: self.seconds
        time.monotonic_ns = time.perf_counter_ns = lambda: round(self.seconds * _NANO)
        time.sleep = self._sleep

    def begin(self, starts: datetime) -> None:
        """Set the calendar, which every way to read it shows from now on."""
        self._starts = starts
        self._calendar = time_machine.travel(self.get_time(), tick=False).start()

    def get_time(self) -> datetime:
        """Return the script's date and time, in UTC."""
        assert self._starts is not None, "the play has not begun"  # noqa: S101 - for mypy
        return self._starts + timedelta(seconds=self.seconds)

    def move_to(self, seconds: float) -> None:
        """Let time pass up to that many seconds after the beginning; it never goes back."""
        if seconds > self.seconds:
            self.seconds = seconds
            if self._calendar is not None:
                self._calendar.move_to(self.get_time())

    def _sleep(self, seconds: Any, /) -> None:
        """Pass time; a thread of its own sleeps really, as it cannot keep the others waiting."""
        if threading.current_thread() is threading.main_thread():
            self.move_to(self.seconds + seconds)
        else:
            self._really_sleep(seconds)
