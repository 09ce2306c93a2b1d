"""How a command is used, and whether it got worse, from samples before and after a change."""

from collections.abc import Sequence
from math import isfinite
from statistics import median

from bot.detection.comparison import detect_regression
from bot.domain.samples import Sample
from bot.domain.use import EventUse, Promise
from bot.domain.watch import Comparison, WatchRules

_FEW = 2  # failures of a new command; a single one may be chance
_SHARE = 0.1  # of its uses


def use_of(
    event: str, before: Sequence[Sample], after: Sequence[Sample], promise: Promise | None = None
) -> EventUse:
    """Return how one event was used since the change, with durations before and the promise."""
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
    """Return whether an event that needed no fix got worse: "regressed" or "inconclusive".

    A `new` event has no earlier uses to compare with. It is "regressed" if at least two uses, and a
    tenth of all, failed.
    """
    found = detect_regression(
        before, after, rules, before_minutes=before_minutes, after_minutes=after_minutes
    )
    now = found.after
    if not new or now.failures < max(_FEW, _SHARE * now.actions):
        return found
    reason = f"{now.failures} of {now.actions} uses failed, and it is new."
    return found.replace(verdict="regressed", reasons=(reason,))


def _compute_typical_ms(samples: Sequence[Sample]) -> float | None:
    """Return the median duration of the successful actions, in milliseconds."""
    times = answer_times(samples)
    return median(times) if times else None


def answer_times(samples: Sequence[Sample]) -> list[float]:
    """Return the durations of the successful actions, in milliseconds."""
    return [
        each.duration_ms
        for each in samples
        if each.outcome == "ok" and each.duration_ms is not None and isfinite(each.duration_ms)
    ]
