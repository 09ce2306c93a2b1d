"""Times as people read them: in texts in UTC, in a chat in the zone of each reader."""

import re
from datetime import UTC, datetime
from typing import Literal

Style = Literal["R", "f", "t", "T"]
"""The formats of a chat timestamp: relative, date and time, time, time with seconds."""

_IN_TEXT = re.compile(r"```.*?```|`[^`\n]*`|(\d{4}-\d\d-\d\d \d\d:\d\d) UTC", re.DOTALL)


def format_utc(at: datetime) -> str:
    """Return `2026-11-21 14:02 UTC`: what is read in a terminal, a pull request, a page."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_timestamp(at: datetime, style: Style = "f") -> str:
    """Return a time that a chat shows to each in their own zone."""
    return f"<t:{at.timestamp():.0f}:{style}>"


def localise_times(text: str) -> str:
    """Return a text for a chat, its times of the form of `clock_time` as each reads them.

    Code stays as it is: a chat shows no times in it.
    """
    return _IN_TEXT.sub(_replace_time, text)


def _replace_time(found: re.Match[str]) -> str:
    try:
        at = datetime.strptime(found[1] or "", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return found[0]  # code, or no such time
    return format_timestamp(at)


def format_age(at: datetime, now: datetime) -> str:
    """Return `just now`, `5 min ago`, `3 h ago` or `2 days ago`."""
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "just now"
    for limit, unit, name in ((3_600, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds // 86_400:.0f} days ago"
