"""How a command is used, and whether it got worse, from its samples before a change and since."""

from collections.abc import Sequence
from math import isfinite
from statistics import median

from bot.detection.comparison import detect_regression
from bot.domain.samples import Sample
from bot.domain.use import EventUse, Promise
from bot.domain.watch import Comparison, WatchRules

_FEW = 2  # failures of a new command; one alone may be anybody's
_SHARE = 0.1  # of its uses


def use_of(
    event: str, before: Sequence[Sample], after: Sequence[Sample], promise: Promise | None = None
) -> EventUse:
    """Return how one event was used since, with how long it took before, and how long it was to."""
    times, most = answer_times(after), promise.ms if promise else None
    uses = [each for each in after if each.outcome != "cancelled"]
    return EventUse(
        event=event,
        uses=len(uses),
        people=len({each.user for each in uses if each.user is not None}),
        failures=sum(each.is_failure for each in uses),
        typical_ms=_compute_typical_ms(after),
        before_ms=_compute_typical_ms(before),
        promise=promise or Promise(),
        answered=len(times),
        in_time=sum(most is not None and each <= most for each in times),
    )


def judge_use(
    before: Sequence[Sample],
    after: Sequence[Sample],
    rules: WatchRules,
    *,
    new: bool,
    before_minutes: float,
    after_minutes: float,
) -> Comparison:
    """Return whether an event of which nothing was to go away got worse: regressed, or open.

    A `new` one has nothing to be compared with: it counts as worse where more than one of its uses
    failed, and a tenth of them.
    """
    found = detect_regression(
        before, after, rules, before_minutes=before_minutes, after_minutes=after_minutes
    )
    now = found.after
    if not new or now.failures < max(_FEW, _SHARE * now.actions):
        return found
    told = f"{now.failures} of {now.actions} uses failed, and it is new."
    return found.replace(verdict="regressed", reasons=(told,))


def _compute_typical_ms(samples: Sequence[Sample]) -> float | None:
    """Return the median time of what went well, in milliseconds."""
    times = answer_times(samples)
    return median(times) if times else None


def answer_times(samples: Sequence[Sample]) -> list[float]:
    """Return how long those took that went well, in milliseconds."""
    return [
        each.duration_ms
        for each in samples
        if each.outcome == "ok" and each.duration_ms is not None and isfinite(each.duration_ms)
    ]
