"""The current day and week of the budgets, robust against changes of the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ports.clock import Clock

_LEAP = timedelta(
    hours=1
)  # a larger difference from the monotonic clock means that the clock was set
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class BudgetPeriod:
    """A period of a cap: it begins at `since`, and the next one begins at `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class _StoredWindow:
    """A period that continues although the clock was set forward.

    `until` is in monotonic seconds.
    """

    since: datetime
    until: float


class BudgetPeriods:
    """Days and weeks in UTC. Setting the clock forward does not begin a new period at once.

    After a jump of the clock, the old period continues for a full length in monotonic time. Setting
    the clock back needs no special case, because later charges count too.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.monotonic()
        self._stored: dict[timedelta, _StoredWindow] = {}

    def get_current(self) -> tuple[BudgetPeriod, BudgetPeriod]:
        """Return the current day and the current week, which begins on Monday."""
        now = self._look()
        return self._get_window(_DAY, now), self._get_window(_WEEK, now)

    def _get_window(self, length: timedelta, now: datetime) -> BudgetPeriod:
        since = _start(now, length)
        stored = self._stored.get(length)
        if stored is None or stored.since >= since:
            return BudgetPeriod(since, since + length)
        return BudgetPeriod(stored.since, now + timedelta(seconds=stored.until - self._steady))

    def _look(self) -> datetime:
        """Return the time. If the clock jumped, store the period that the jump would end."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        expected = self._wall + timedelta(seconds=steady - self._steady)
        for length in (_DAY, _WEEK):
            stored, since = self._stored.get(length), _start(expected, length)
            if stored is not None and steady >= stored.until:
                del self._stored[length]
            elif stored is None and wall - expected > _LEAP and since < _start(wall, length):
                self._stored[length] = _StoredWindow(since, steady + length.total_seconds())
        self._wall, self._steady = wall, steady
        return wall


def _start(at: datetime, length: timedelta) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if length == _DAY else midnight - timedelta(days=midnight.weekday())
