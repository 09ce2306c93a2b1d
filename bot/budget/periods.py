"""When the present day and week began, as far as budgets go, whatever is done to the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ports.clock import Clock

_LEAP = timedelta(hours=1)  # more than running time accounts for
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class BudgetPeriod:
    """What is spent from `since` on counts until `until`, when the next one begins."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class _StoredWindow:
    """A window that a clock set forward has not ended yet. `until` is in running seconds."""

    since: datetime
    until: float


class BudgetPeriods:
    """Days and weeks of UTC. A clock that is set forward begins no new one at once.

    A window left by a leap of the clock goes on for as long as a whole one lasts, in running time.
    A clock that is set back needs no care: what was spent later counts as well.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.get_time(), clock.get_monotonic_time()
        self._stored: dict[timedelta, _StoredWindow] = {}

    def get_current(self) -> tuple[BudgetPeriod, BudgetPeriod]:
        """Return the present day and the present week, which begins on Monday."""
        now = self._look()
        return self._get_window(_DAY, now), self._get_window(_WEEK, now)

    def _get_window(self, length: timedelta, now: datetime) -> BudgetPeriod:
        since = _start(now, length)
        kept = self._stored.get(length)
        if kept is None or kept.since >= since:
            return BudgetPeriod(since, since + length)
        return BudgetPeriod(kept.since, now + timedelta(seconds=kept.until - self._steady))

    def _look(self) -> datetime:
        """Return the time; note what a leap since the last look would have ended."""
        wall, steady = self._clock.get_time(), self._clock.get_monotonic_time()
        expected = self._wall + timedelta(seconds=steady - self._steady)
        for length in (_DAY, _WEEK):
            kept, since = self._stored.get(length), _start(expected, length)
            if kept is not None and steady >= kept.until:
                del self._stored[length]
            elif kept is None and wall - expected > _LEAP and since < _start(wall, length):
                self._stored[length] = _StoredWindow(since, steady + length.total_seconds())
        self._wall, self._steady = wall, steady
        return wall


def _start(at: datetime, length: timedelta) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if length == _DAY else midnight - timedelta(days=midnight.weekday())
