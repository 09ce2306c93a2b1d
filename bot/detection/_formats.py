"""Formats numbers for people."""

from collections import Counter

_NAMED = 3


def format_p_value(p: float) -> str:
    """Return `p = 0.0003`, with two significant digits."""
    if p < 0.0001:
        return "p < 0.0001"
    return f"p = {p:.2g}" if p < 0.995 else "p = 1"


def format_percent(share: float) -> str:
    """Return `57 %`."""
    return f"{share * 100:.0f} %"


def format_action_count(count: int) -> str:
    """Return `1 action`, `60 actions`."""
    return f"{count} action" if count == 1 else f"{count} actions"


def format_minutes(minutes: float) -> str:
    """Return `30 s`, `12 min` or `26 h`."""
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 180 else f"{minutes / 60:.0f} h"


def format_milliseconds(value: float) -> str:
    """Return `4.2 ms`, `140 ms` or `3.1 s`."""
    if value >= 1_000:
        return f"{value / 1_000:.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def describe_rest(faults: Counter[str]) -> str:
    """Name the faults of a group that still happen, the most frequent first."""
    rest = ", ".join(f"`{name}` {count} times" for name, count in faults.most_common(_NAMED))
    return f"It was several faults at once, and not all are gone: {rest} since then."
