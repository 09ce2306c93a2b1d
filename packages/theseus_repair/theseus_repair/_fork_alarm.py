"""The alarm of a test: it rings once the test has used up its seconds.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library only.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path

SHORTEST = 0.01  # seconds; a shorter rest is not worth another timer
GENEROUS = 12  # the wall-clock limit is this multiple of the seconds, for a busy machine


class Alarm:
    """Ends a test that has used up its seconds, not counting time spent waiting for a processor.

    On systems that do not report the waiting time, only the clock counts.
    """

    def __init__(self, waited: Callable[[], float] | None = None) -> None:
        self._waited = waited or read_wait_seconds
        self._left = self._latest = self._at = self._before = 0.0

    def start(self, seconds: float) -> None:
        """Start the alarm with this many seconds."""
        self._at, self._before = time.monotonic(), self._waited()
        self._left, self._latest = seconds, self._at + GENEROUS * seconds
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def stop(self) -> None:
        """Stop the alarm."""
        self._left = 0.0
        signal.setitimer(signal.ITIMER_REAL, 0)

    def has_expired(self) -> bool:
        """Return whether the time is up, when the timer rings; else set the timer for the rest."""
        now, waited = time.monotonic(), self._waited()
        self._left -= max(0.0, now - self._at - (waited - self._before))
        self._at, self._before = now, waited
        rest = min(self._left, self._latest - now)
        if rest < SHORTEST:
            return True
        signal.setitimer(signal.ITIMER_REAL, rest)
        return False


def read_wait_seconds() -> float:
    """Return how long this process has waited for a processor; 0 where that is not known."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
