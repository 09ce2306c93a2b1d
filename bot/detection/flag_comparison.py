"""Those who have a flag against those who have not: whether it goes worse with it, by exact tests.

Each test is one-sided, and counts as many times as there are tests.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bot.detection._formats import format_milliseconds, format_p_value
from bot.detection.statistics import compute_fisher_greater, compute_mann_whitney_greater
from bot.detection.use import answer_times, use_of
from bot.domain.journal import format_event_name
from bot.domain.samples import Sample
from bot.domain.use import FlagSide

_WORSE = 1.25  # times what those without have; less is no reason to stop, however sure


class UsedEvent(NamedTuple):
    """Uses of one command by those with a flag, and by those without.

    Where it is `new`, those without get no more than a word that it is not there: how fast that is
    says nothing.
    """

    event: str
    on: Sequence[Sample]
    off: Sequence[Sample]
    new: bool = False


class Signs(NamedTuple):
    """How many signs were left by one side, and how many of them say that it is bad."""

    total: int = 0
    disliked: int = 0


def describe_regressions(
    events: Sequence[UsedEvent], on: Signs, off: Signs, alpha: float
) -> tuple[str, ...]:
    """Return what is surely worse with the flag, in words with numbers; else nothing."""
    tests = 2 * len(events) + 1
    found = [
        each
        for event in events
        for each in (_find_failure_increase(event), _find_slowdown(event))
        if each
    ]
    disliked = compute_fisher_greater(off.disliked, off.total, on.disliked, on.total)
    told = (
        f"more 👎: {on.disliked} of {on.total} signs with it, {off.disliked} of {off.total} without"
    )
    found.append((disliked, told))
    return tuple(f"{what} ({format_p_value(p)})" for p, what in found if p * tests < alpha)


def build_side(events: Sequence[Sequence[Sample]], signs: Signs) -> FlagSide:
    """Return how one side used the commands, all together."""
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
        f"`{format_event_name(each.event)}` is slower: usually {format_milliseconds(typical.typical_ms)} with "
        f"it, {format_milliseconds(typical.before_ms)} without"
    )
