"""How long a run waits for a usage limit or a budget before another way is tried."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.domain.errors import (
    AgentLimited,
    AgentOverloaded,
    AgentSilent,
    BudgetSpent,
    TheseusError,
)
from bot.domain.run import Run

_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 25))  # an hour in all
_TEMPORARY = (AgentLimited, AgentOverloaded, AgentSilent)
_LONGEST = timedelta(hours=24)
_MARGIN = timedelta(seconds=5)  # the provider's clock may differ from ours
_MOST = 10  # pauses in one stage, however short a time the provider names


def pause_until(
    error: TheseusError, run: Run, now: datetime, *, has_fallback: bool = True
) -> datetime | None:
    """Return until when to pause after that error, or `None` if a pause does not help.

    If a provider is overloaded, cannot be reached or names no time, it is asked again in growing
    intervals, for about an hour. If its time has passed by our clock, it is asked a few times more.
    The run waits for an exhausted budget only if it has no fallback (`has_fallback`). No pause is
    longer than a day.
    """
    if run.waits >= _MOST:
        return None
    if isinstance(error, BudgetSpent):
        return None if has_fallback or error.until is None else _limit_wait(error.until, now)
    if not isinstance(error, _TEMPORARY):
        return None
    if not isinstance(error, AgentLimited) or error.until is None:
        return now + _STEPS[run.waits] if run.waits < len(_STEPS) else None
    until = error.until if error.until.tzinfo else error.until.replace(tzinfo=UTC)
    if until <= now:
        return now + _STEPS[min(run.waits, len(_STEPS) - 1)]
    return _limit_wait(until, now)


def _limit_wait(until: datetime, now: datetime) -> datetime | None:
    until = max(until, now)
    return until + _MARGIN if until - now <= _LONGEST - _MARGIN else None


def format_timestamp(at: datetime, exact: Literal["t", "f"] = "t") -> str:
    """Return a Discord timestamp that everyone sees in their own time zone.

    It shows the distance, and the hour (`exact="t"`) or the date and the hour (`"f"`).
    """
    stamp = f"{at.timestamp():.0f}"
    return f"<t:{stamp}:R> (<t:{stamp}:{exact}>)"
