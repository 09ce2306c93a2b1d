"""Counts and lists as text for people."""

from collections.abc import Sequence


def format_count(count: int, noun: str) -> str:
    """Return `1 failure`, `3 failures`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_people_count(count: int) -> str:
    """Return `1 person`, `3 people`."""
    return "1 person" if count == 1 else f"{count} people"


def format_times(count: int) -> str:
    """Return `once`, `3 times`."""
    return "once" if count == 1 else f"{count} times"


def format_list(items: Sequence[str], most: int, between: str = ", ") -> str:
    """Return the first items, and how many more there are: `a, b and 7 more`."""
    if len(items) <= most:
        return between.join(items)
    return f"{between.join(items[:most])} and {len(items) - most} more"
