"""Computes when a self-audit or a backup is due. Pure functions."""

from datetime import datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.domain.monitoring_config import CronSchedule

_WRONG_CLOCK = timedelta(days=1)
_LONGEST_SLEEP = timedelta(minutes=1)  # the machine's clock may be changed during the sleep


def find_newest_slot(cron: str, timezone: str, now: datetime) -> datetime | None:
    """Return the newest moment at or before `now` that `cron` names, if there is one."""
    # In reverse, CronSim finds times strictly before `start`, hence the added second. It also
    # handles local times that a clock change skips or repeats.
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
    """Return the first moment after `now` that `cron` names, if there is one."""
    try:
        found = next(CronSim(cron, now.astimezone(ZoneInfo(timezone))))
    except (CronSimError, StopIteration):
        return None
    return found.astimezone(now.tzinfo)


def is_due(slot: datetime | None, last: datetime, now: datetime) -> bool:
    """Return whether a slot has to be handled; `last` is the newest handled slot.

    Several missed slots count as one. A clock that was set back for a while makes no slot due
    again. A `last` far in the future, from a wrong clock, does not block slots until that date.
    """
    if slot is None:
        return False
    return slot > last or last > now + _WRONG_CLOCK


def pause(schedule: CronSchedule, now: datetime) -> float:
    """Return the seconds to sleep before the next look; infinite if nothing is scheduled."""
    if schedule.cron is None:
        return inf
    next_slot = find_next_slot(schedule.cron, schedule.timezone, now)
    remaining = next_slot - now if next_slot is not None else _LONGEST_SLEEP
    return min(remaining, _LONGEST_SLEEP).total_seconds()
