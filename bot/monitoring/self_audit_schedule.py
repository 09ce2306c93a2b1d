"""When an audit or a backup is due. Pure."""

from datetime import datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.domain.monitoring_config import CronSchedule

_WRONG_CLOCK = timedelta(days=1)
_LONGEST_SLEEP = timedelta(minutes=1)  # the machine's clock may be set meanwhile


def find_newest_slot(cron: str, timezone: str, now: datetime) -> datetime | None:
    """Return the newest moment at or before `now` that the expression names, if there is any."""
    # It looks strictly before; local times that a clock change skips or repeats are its affair.
    start = now.astimezone(ZoneInfo(timezone)) + timedelta(seconds=1)
    try:
        return next(
            found.astimezone(now.tzinfo)
            for found in CronSim(cron, start, reverse=True)
            if found <= now
        )
    except (CronSimError, StopIteration):
        return None


def find_next_slot(cron: str, timezone: str, now: datetime) -> datetime | None:
    """Return the first moment after `now` that the expression names, if there is any."""
    try:
        found = next(CronSim(cron, now.astimezone(ZoneInfo(timezone))))
    except (CronSimError, StopIteration):
        return None
    return found.astimezone(now.tzinfo)


def is_due(slot: datetime | None, last: datetime, now: datetime) -> bool:
    """Whether a slot is to be dealt with, `last` being the newest one that was.

    Slots that were missed meanwhile are one. A clock set back for a while makes none due again; one
    that was far ahead by mistake does not keep audits away until it is right.
    """
    if slot is None:
        return False
    return slot > last or last > now + _WRONG_CLOCK


def pause(schedule: CronSchedule, now: datetime) -> float:
    """Return for how many seconds to sleep before the next look; endless where nothing is due."""
    if schedule.cron is None:
        return inf
    coming = find_next_slot(schedule.cron, schedule.timezone, now)
    left = coming - now if coming is not None else _LONGEST_SLEEP
    return min(left, _LONGEST_SLEEP).total_seconds()
