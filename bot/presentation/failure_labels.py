"""Short texts about a failure, one line or less."""

from bot.domain.journal import FailureGroup
from bot.presentation.counts import format_count
from bot.presentation.times import format_utc


def format_action(group: FailureGroup) -> str:
    """Return what people call the action: `/roll`, `the task Reminders.deliver`."""
    return group.newest.called


def format_headline(group: FailureGroup) -> str:
    """Return `3 IndexErrors from /roll since 2026-11-21 14:02 UTC, all in `cogs/dice.py:8``."""
    what = format_count(group.count, get_exception(group))
    when = format_utc(group.first_seen)
    since = f"since {when}" if group.count > 1 else f"at {when}"
    everywhere = "all in" if group.count > 1 else "in"
    return f"{what} from {format_action(group)} {since}, {everywhere} {place(group)}"


def place(group: FailureGroup) -> str:
    """Return the file and line of the innermost project frame of the failure."""
    frame = group.newest.error.innermost if group.newest.error else None
    return f"`{frame.file}:{frame.line}`" if frame else "outside this project's code"


def get_exception(group: FailureGroup) -> str:
    """Return the type of the exception."""
    return group.newest.error.exception if group.newest.error else "failure"
