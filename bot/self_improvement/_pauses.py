"""How long a run waits for a usage limit to end, before something else is tried."""

from datetime import datetime, timedelta

from bot.domain.errors import AgentLimited, TheseusError
from bot.domain.run import Run

_STEPS = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))
_LONGEST = timedelta(hours=24)
_MARGIN = timedelta(seconds=5)  # clocks differ
_MOST = 10  # pauses in one stage, however short a time the provider names


def pause_until(error: TheseusError, run: Run, now: datetime) -> datetime | None:
    """Return until when a pause makes sense after that error; `None` where it does not.

    A provider that names no time is asked again after one, two and five minutes. Nobody waits for
    longer than a day.
    """
    if not isinstance(error, AgentLimited) or run.parks >= _MOST:
        return None
    if error.until is None:
        return now + _STEPS[run.parks] if run.parks < len(_STEPS) else None
    until = max(error.until, now) + _MARGIN
    return until if until - now <= _LONGEST else None


def soon(at: datetime) -> str:
    """Return a time as a chat shows it to each in their own: how far off, and the hour."""
    stamp = f"{at.timestamp():.0f}"
    return f"<t:{stamp}:R> (<t:{stamp}:t>)"
