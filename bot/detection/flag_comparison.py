"""Compares people with a flag and people without: whether the flag makes things worse.

All tests are exact and one-sided, and corrected for their number (Bonferroni).
"""

from collections.abc import Sequence
from typing import NamedTuple

from bot.detection._formats import format_milliseconds, format_p_value
from bot.detection.statistics import compute_fisher_greater, compute_mann_whitney_greater
from bot.detection.use import answer_times, use_of
from bot.domain.journal import format_event_name
from bot.domain.samples import Sample
from bot.domain.use import FlagSide

_WORSE = 1.25  # times the value without the flag; less is no reason to stop, however significant


class UsedEvent(NamedTuple):
    """Uses of one command by people with a flag, and by people without.

    If it is `new`, people without the flag only get the answer that it does not exist, so their
    durations are not compared.
    """

    event: str
    on: Sequence[Sample]
    off: Sequence[Sample]
    new: bool = False


class Signs(NamedTuple):
    """The number of signs by one side, and how many of them are 👎."""

    total: int = 0
    disliked: int = 0


def describe_regressions(
    events: Sequence[UsedEvent], on: Signs, off: Signs, alpha: float
) -> tuple[str, ...]:
    """Return what is significantly worse with the flag, as text with numbers."""
    tests = 2 * len(events) + 1
    found = [
        finding
        for event in events
        for finding in (_find_failure_increase(event), _find_slowdown(event))
        if finding
    ]
    disliked = compute_fisher_greater(off.disliked, off.total, on.disliked, on.total)
    text = (
        f"more 👎: {on.disliked} of {on.total} signs with it, {off.disliked} of {off.total} without"
    )
    found.append((disliked, text))
    return tuple(f"{what} ({format_p_value(p)})" for p, what in found if p * tests < alpha)


def build_side(events: Sequence[Sequence[Sample]], signs: Signs) -> FlagSide:
    """Return how one side used all commands together."""
    samples = [each for event in events for each in event]
    use = use_of("", (), samples)
    return FlagSide(
        uses=use.uses,
        people=use.people,
        failures=use.failures,
        typical_ms=use.typical_ms,
        signs=signs.total,
        disliked=signs.disliked,
    )


def _find_failure_increase(each: UsedEvent) -> tuple[float, str] | None:
    on, off = use_of(each.event, (), each.on), use_of(each.event, (), each.off)
    if not on.failures or not off.uses:
        return None
    if on.failures * off.uses < _WORSE * off.failures * on.uses:
        return None
    p = compute_fisher_greater(off.failures, off.uses, on.failures, on.uses)
    return p, (
        f"`{format_event_name(each.event)}` fails more: {on.failures} of {on.uses} uses with it, "
        f"{off.failures} of {off.uses} without"
    )


def _find_slowdown(each: UsedEvent) -> tuple[float, str] | None:
    on, off = answer_times(each.on), answer_times(each.off)
    typical = use_of(each.event, each.off, each.on)
    if each.new or typical.typical_ms is None or typical.before_ms is None:
        return None
    if typical.typical_ms < _WORSE * typical.before_ms:
        return None
    return compute_mann_whitney_greater(off, on).p, (
        f"`{format_event_name(each.event)}` is slower: usually "
        f"{format_milliseconds(typical.typical_ms)} with it, "
        f"{format_milliseconds(typical.before_ms)} without"
    )
