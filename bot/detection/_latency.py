"""Compares the durations of successful actions before and after a change."""

from bisect import bisect_right
from typing import NamedTuple

from bot.detection._formats import format_milliseconds, format_p_value
from bot.detection._tally import ComparisonSide
from bot.detection.statistics import (
    compute_fisher_greater,
    compute_mann_whitney_greater,
    compute_quantile,
)

_LEAST = 20  # minimum number of durations on each side
_TIMES = 1.5  # a smaller slowdown is no regression, however significant
_LEAST_MS = 5.0  # nor is one that no person would notice
_EFFECT = 0.6  # minimum chance that a duration after exceeds one before
_WELL = 0.25  # if a smaller share succeeded before, their durations are not representative


class Slower(NamedTuple):
    """The result; `reason` is empty if there is nothing to report."""

    p: float | None
    holds: bool
    reason: str


def compare_latency(was: ComparisonSide, now: ComparisonSide, alpha: float) -> Slower:
    """Return whether the action became slower, in general (by ranks) or in its slowest 5 %.

    These are two tests, so the smaller p is doubled (Bonferroni).
    """
    many = min(len(was.durations), len(now.durations)) >= _LEAST
    if not many or was.went_well < _WELL:
        return Slower(None, False, "")
    ranked = compute_mann_whitney_greater(was.durations, now.durations)
    tail = _compute_tail(was, now)
    p = min(1.0, 2 * min(ranked.p, tail))
    if p >= alpha:
        return Slower(p, False, "")
    middle = _measure_growth(was, now, 0.5)
    slowest = _measure_growth(was, now, 0.95)
    if 2 * tail < alpha and slowest.matters:
        return Slower(p, True, f"Slower: p95 {slowest.description}, {format_p_value(p)}.")
    if 2 * ranked.p < alpha and middle.matters and ranked.effect >= _EFFECT:
        return Slower(
            p, True, f"Slower: half of them took {middle.description} or more, {format_p_value(p)}."
        )
    reason = (
        f"Slightly slower, p95 {slowest.description} ({format_p_value(p)}): too little to count."
    )
    return Slower(p, False, reason)


def _compute_tail(was: ComparisonSide, now: ComparisonSide) -> float:
    """Return the p-value for more durations above the earlier 95th percentile."""
    edge = compute_quantile(was.durations, 0.95)
    above = [len(side) - bisect_right(side, edge) for side in (was.durations, now.durations)]
    return compute_fisher_greater(above[0], len(was.durations), above[1], len(now.durations))


class _Growth(NamedTuple):
    matters: bool
    description: str


def _measure_growth(was: ComparisonSide, now: ComparisonSide, share: float) -> _Growth:
    had, has = compute_quantile(was.durations, share), compute_quantile(now.durations, share)
    matters = has >= _TIMES * had and has - had >= _LEAST_MS
    return _Growth(matters, f"{format_milliseconds(had)} before, {format_milliseconds(has)} after")
