"""Those who have a flag against those who have not: whether it goes worse with it, by exact tests.

Each test is one-sided, and counts as many times as there are tests.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bot.detection._words import chance, milliseconds
from bot.detection.statistics import fisher_more, mann_whitney_larger
from bot.detection.use import answer_times, use_of
from bot.domain.journal import event_called
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

    given: int = 0
    disliked: int = 0


def worse_with(events: Sequence[UsedEvent], on: Signs, off: Signs, alpha: float) -> tuple[str, ...]:
    """Return what is surely worse with the flag, in words with numbers; else nothing."""
    tests = 2 * len(events) + 1
    found = [each for event in events for each in (_failing(event), _slower(event)) if each]
    disliked = fisher_more(off.disliked, off.given, on.disliked, on.given)
    told = (
        f"more 👎: {on.disliked} of {on.given} signs with it, {off.disliked} of {off.given} without"
    )
    found.append((disliked, told))
    return tuple(f"{what} ({chance(p)})" for p, what in found if p * tests < alpha)


def side_of(events: Sequence[Sequence[Sample]], signs: Signs) -> FlagSide:
    """Return how one side used the commands, all together."""
    samples = [each for event in events for each in event]
    use = use_of("", (), samples)
    return FlagSide(
        uses=use.uses,
        people=use.people,
        failures=use.failures,
        typical_ms=use.typical_ms,
        signs=signs.given,
        disliked=signs.disliked,
    )


def _failing(each: UsedEvent) -> tuple[float, str] | None:
    on, off = use_of(each.event, (), each.on), use_of(each.event, (), each.off)
    if not on.failures or not off.uses:
        return None
    if on.failures * off.uses < _WORSE * off.failures * on.uses:
        return None
    p = fisher_more(off.failures, off.uses, on.failures, on.uses)
    return p, (
        f"`{event_called(each.event)}` fails more: {on.failures} of {on.uses} uses with it, "
        f"{off.failures} of {off.uses} without"
    )


def _slower(each: UsedEvent) -> tuple[float, str] | None:
    on, off = answer_times(each.on), answer_times(each.off)
    typical = use_of(each.event, each.off, each.on)
    if each.new or typical.typical_ms is None or typical.before_ms is None:
        return None
    if typical.typical_ms < _WORSE * typical.before_ms:
        return None
    return mann_whitney_larger(off, on).p, (
        f"`{event_called(each.event)}` is slower: usually {milliseconds(typical.typical_ms)} with "
        f"it, {milliseconds(typical.before_ms)} without"
    )
