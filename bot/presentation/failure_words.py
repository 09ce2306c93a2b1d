"""What people are told of a failure, in one line or less."""

from datetime import datetime

from bot.domain.journal import FailureGroup, called


def clock_time(at: datetime) -> str:
    """Return `14:02 UTC`."""
    return f"{at:%H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """Return `just now`, `5 min ago`, `3 h ago` or `2 days ago`."""
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "just now"
    for limit, unit, name in ((3_600, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds // 86_400:.0f} days ago"


def action_name(group: FailureGroup) -> str:
    """Return what people call the action: `/roll`, `the task Reminders.deliver`."""
    return called(group.newest.kind, group.newest.name)


def headline(group: FailureGroup) -> str:
    """Return `3 IndexErrors from /roll since 14:02 UTC, all in `cogs/dice.py:8``."""
    what = plural(exception(group), group.count)
    when = clock_time(group.first_seen)
    since = f"since {when}" if group.count > 1 else f"at {when}"
    everywhere = "all in" if group.count > 1 else "in"
    return f"{group.count} {what} from {action_name(group)} {since}, {everywhere} {place(group)}"


def place(group: FailureGroup) -> str:
    """Return the file and line it is raised at, as far as that is the project's."""
    frame = group.newest.error.innermost if group.newest.error else None
    return f"`{frame.file}:{frame.line}`" if frame else "outside this project's code"


def exception(group: FailureGroup) -> str:
    """Return the type that is raised."""
    return group.newest.error.exception if group.newest.error else "failure"


def plural(name: str, count: int) -> str:
    """Return the name for that many: `IndexErrors`."""
    return name if count == 1 else f"{name}s"
