"""Decides whether a fix held: exact tests of before against after, with reasons as text.

The failure to be fixed is counted by volume: failures among actions (Fisher's exact test). If only
failures are journalled, as for listeners, it is counted by time (Poisson rates). A fix that only
halves the failures does not count: "fixed" also requires that even half of the failures would have
been seen by now.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from bot.detection._formats import (
    describe_rest,
    format_action_count,
    format_minutes,
    format_p_value,
    format_percent,
)
from bot.detection._latency import compare_latency
from bot.detection._tally import ComparisonSide
from bot.detection.statistics import (
    compute_fisher_greater,
    compute_fisher_less,
    compute_rate_greater,
    compute_rate_less,
)
from bot.domain.samples import Sample
from bot.domain.watch import Comparison, Judgement, WatchRules

_NEGLIGIBLE_SHARE = 0.02  # of the expected failures; fewer count as none
_HALF = 2  # times alpha: the maximum p-value for "the failures were only halved"
_COME_BACK = 0.1  # of the former rate; significantly above it, the failure is back
_WORSE = 1.25  # times the former rate; less is no regression, however significant
_EARLY = 0.001  # below this p-value a watch reports a regression before its end
_FAR_ENOUGH = 20  # minimum of actions before that did not reach the fault
_FEW = 2
_PLACE = 0.25  # of the expected failures; a new failure this frequent may replace them
_MOST_NEEDED = 100_000


class _Finding(NamedTuple):
    """The result of one test; `reason` is empty if there is nothing to report."""

    p: float | None
    holds: bool
    reason: str


def compare(
    before: Iterable[Sample],
    after: Iterable[Sample],
    fingerprint: str | None,
    rules: WatchRules,
    *,
    before_minutes: float,
    after_minutes: float,
) -> Comparison:
    """Return the verdict on a fix of one event, from its samples before and after the merge.

    The samples are of this one event, in any order. The minutes are the observed time on each side,
    with or without actions. Without a `fingerprint`, every failure of the event was to be fixed.
    """
    before = tuple(before)
    group = (each.children for each in before if each.fingerprint == fingerprint)
    children = frozenset(chain.from_iterable(group))
    was = ComparisonSide(before, fingerprint, before_minutes, children)
    now = ComparisonSide(after, fingerprint, after_minutes, children)
    counted = was.counted and now.counted
    judged, p_same, why = _judge_same_failure(was, now, rules, counted=counted)
    worse = _find_worsening(was, now, rules, counted=counted, named=fingerprint is not None)
    slow = compare_latency(was, now, rules.alpha)
    verdict: Judgement = "regressed" if worse.holds or slow.holds else judged
    reasons = [worse.reason if worse.holds else "", slow.reason if slow.holds else "", *why]
    reasons += ["" if worse.holds else worse.reason, "" if slow.holds else slow.reason]
    return Comparison(
        verdict=verdict,
        before=was.to_side(),
        after=now.to_side(),
        p_same=p_same,
        p_worse=worse.p,
        p_slower=slow.p,
        reasons=tuple(reason for reason in reasons if reason),
    )


def detect_regression(
    before: Iterable[Sample],
    after: Iterable[Sample],
    rules: WatchRules,
    *,
    before_minutes: float,
    after_minutes: float,
) -> Comparison:
    """Return "regressed" if one event that needed no fix got worse, else "inconclusive".

    The samples and minutes are as in `compare`.
    """
    was = ComparisonSide(before, None, before_minutes)
    now = ComparisonSide(after, None, after_minutes)
    worse = _find_worsening(was, now, rules, counted=was.counted and now.counted, named=False)
    slow = compare_latency(was, now, rules.alpha)
    reasons = [found.reason for found in (worse, slow) if found.holds]
    return Comparison(
        verdict="regressed" if reasons else "inconclusive",
        before=was.to_side(),
        after=now.to_side(),
        p_worse=worse.p,
        p_slower=slow.p,
        reasons=tuple(reasons),
    )


def is_decisive_early(found: Comparison, rules: WatchRules) -> bool:
    """Return whether a watch may be judged before its end, because the fix clearly failed.

    Either the same failure is back, more than once and significantly above a tenth of its former
    rate, or the event is worse with a p-value below 0.001.
    """
    was, now = found.before, found.after
    if found.verdict == "regressed":
        return found.p_worse is not None and found.p_worse < _EARLY
    if found.verdict != "not_fixed" or now.same < 2:
        return False
    if was.same == 0:
        return True
    back = compute_rate_greater(was.same, was.actions, now.same, now.actions * _COME_BACK)
    return back < rules.alpha


# The failure to be fixed


def _judge_same_failure(
    was: ComparisonSide, now: ComparisonSide, rules: WatchRules, *, counted: bool
) -> tuple[Judgement, float | None, list[str]]:
    seen = f"The failure: {_describe_both(was, now, was.same, now.same, counted=counted)}"
    if not now.actions and counted:
        waited = f" in {format_minutes(now.minutes)}" if now.minutes else ""
        return "inconclusive", None, [f"{seen}. There was no traffic{waited}."]
    if not was.same:
        if now.same:
            return "not_fixed", None, [f"{seen}. It happens now, and was not seen before."]
        return (
            "inconclusive",
            None,
            [f"{seen}. It was not seen before, so its absence proves nothing."],
        )
    fewer = _choose_decrease_test(counted=counted)
    p = fewer(was, now, 1.0)
    summary = f"{seen}, {format_p_value(p)}."
    if now.same > _NEGLIGIBLE_SHARE * _estimate_expected(was, now, counted=counted):
        return (
            "not_fixed",
            p,
            [summary, _describe_remaining(was, now, p < rules.alpha, counted=counted)],
        )
    half = fewer(was, now, 0.5)
    if p >= rules.alpha or half >= _HALF * rules.alpha:
        return (
            "inconclusive",
            p,
            [summary, _describe_missing_evidence(was, now, rules, counted=counted)],
        )
    if now.minutes < rules.least_minutes:
        least = format_minutes(rules.least_minutes)
        why = f"Watched for only {format_minutes(now.minutes)}; the minimum is {least}."
        return "inconclusive", p, [summary, why]
    instead = _describe_replacement(was, now, _estimate_expected(was, now, counted=counted))
    if instead:
        return "inconclusive", p, [summary, instead]
    left = "So few are left that the failure counts as fixed." if now.same else ""
    if now.part > _NEGLIGIBLE_SHARE * _estimate_expected(was, now, counted=counted):
        return "partial", p, [summary, describe_rest(now.parts)]
    return "fixed", p, [summary, left]


def _choose_decrease_test(
    *, counted: bool
) -> Callable[[ComparisonSide, ComparisonSide, float], float]:
    """Return the test for fewer of the same failure than `share` of the former number."""

    def compare_by_volume(was: ComparisonSide, now: ComparisonSide, share: float) -> float:
        if share == 1.0:
            return compute_fisher_less(was.same, was.actions, now.same, now.actions)
        return compute_rate_less(was.same, was.actions, now.same, now.actions * share)

    def compare_by_time(was: ComparisonSide, now: ComparisonSide, share: float) -> float:
        return compute_rate_less(was.same, was.minutes, now.same, now.minutes * share)

    return compare_by_volume if counted else compare_by_time


def _estimate_expected(was: ComparisonSide, now: ComparisonSide, *, counted: bool) -> float:
    """Return the number of the same failure to expect at the former rate."""
    if counted:
        return was.same / was.actions * now.actions
    return was.same / was.minutes * now.minutes if was.minutes else 0.0


def _describe_remaining(
    was: ComparisonSide, now: ComparisonSide, fewer: bool, *, counted: bool
) -> str:
    share = now.same / max(_estimate_expected(was, now, counted=counted), 1e-9)
    if fewer and share < 1:
        return f"That is {format_percent(1 - share)} fewer, but it still happens: not fixed."
    return "It still happens, and not significantly less often than before."


def _describe_missing_evidence(
    was: ComparisonSide, now: ComparisonSide, rules: WatchRules, *, counted: bool
) -> str:
    """Return how much more must be seen without the failure before it counts as fixed."""
    needed = _find_needed_exposure(was, rules, counted=counted)
    unit = "actions" if counted else "minutes"
    have = now.actions if counted else round(now.minutes)
    if needed is None:
        return f"It was too rare before: {have} {unit} without it prove nothing."
    return (
        f"Too little was seen: {needed} {unit} without the failure are needed to be sure that it "
        f"is not only halved; {have} were seen."
    )


def _find_needed_exposure(was: ComparisonSide, rules: WatchRules, *, counted: bool) -> int | None:
    """Return the smallest exposure without a failure that is enough, by binary search."""
    exposure = was.actions if counted else was.minutes

    def is_enough(amount: int) -> bool:
        whole = (
            compute_fisher_less(was.same, was.actions, 0, amount)
            if counted
            else compute_rate_less(was.same, exposure, 0, amount)
        )
        half = compute_rate_less(was.same, exposure, 0, amount / 2)
        return whole < rules.alpha and half < _HALF * rules.alpha

    low, high = 0, 1
    while not is_enough(high):
        low, high = high, high * 2
        if high > _MOST_NEEDED:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


# More failures, and different ones


def _find_worsening(
    was: ComparisonSide, now: ComparisonSide, rules: WatchRules, *, counted: bool, named: bool
) -> _Finding:
    """Return whether more fails than before: in total, or in ways other than the fixed one."""
    if not was.actions or not now.actions:
        return _Finding(None, False, "")
    whole = _compare_increase(was, now, was.failures, now.failures, counted=counted)
    other = _compare_other_failures(was, now, counted=counted) if named else None
    tests = 2 if other else 1  # with two tests, the smaller p is doubled (Bonferroni)
    p = min(1.0, tests * min(whole[0], other[0] if other else 1.0))
    if p >= rules.alpha:
        return _Finding(p, False, "")
    if other and other[1] and tests * other[0] < rules.alpha:
        seen = _describe_both(was, now, was.other, now.other, counted=counted)
        return _Finding(
            p,
            True,
            f"Different failures: {seen}, {format_p_value(p)}.{_describe_new_failure(was, now)}",
        )
    if whole[1] and tests * whole[0] < rules.alpha:
        seen = _describe_both(was, now, was.failures, now.failures, counted=counted)
        return _Finding(p, True, f"More failures in total: {seen}, {format_p_value(p)}.")
    return _Finding(
        p, False, f"Slightly more fails than before ({format_p_value(p)}): too little to count."
    )


def _compare_other_failures(
    was: ComparisonSide, now: ComparisonSide, *, counted: bool
) -> tuple[float, bool]:
    """Test for more failures of other kinds, among the actions that got far enough for them.

    If hardly any did before, all actions are compared: an action that always failed and now fails
    in another way is not better.
    """
    far = was.actions - was.same, now.actions - now.same
    if not counted or far[0] < _FAR_ENOUGH:
        return _compare_increase(was, now, was.other, now.other, counted=counted)
    grown = now.other * far[0] >= _WORSE * was.other * far[1]
    return compute_fisher_greater(was.other, far[0], now.other, far[1]), grown and now.other > 0


def _compare_increase(
    was: ComparisonSide, now: ComparisonSide, had: int, has: int, *, counted: bool
) -> tuple[float, bool]:
    """Return the p-value of the increase, and whether it is large enough to matter."""
    if counted:
        p = compute_fisher_greater(had, was.actions, has, now.actions)
        grown = has * was.actions >= _WORSE * had * now.actions
    else:
        p = compute_rate_greater(had, was.minutes, has, now.minutes)
        grown = has * was.minutes >= _WORSE * had * now.minutes
    return p, grown and has > 0


def _describe_replacement(was: ComparisonSide, now: ComparisonSide, expected: float) -> str:
    """Describe a new failure that may have replaced the fixed one; "" if there is none."""
    count, name = _find_newest_failure(was, now)
    if count < max(_FEW, _PLACE * expected):
        return ""
    return (
        f"It is gone, but `{name}` is new, {count} times: too few to be sure, too many to ignore."
    )


def _describe_new_failure(was: ComparisonSide, now: ComparisonSide) -> str:
    count, name = _find_newest_failure(was, now)
    return f" New since then: `{name}`, {count} times." if count else ""


def _find_newest_failure(was: ComparisonSide, now: ComparisonSide) -> tuple[int, str]:
    """Return the count and name of the most frequent failure that did not occur before."""
    new = [(count, name) for name, count in now.others.items() if name not in was.others]
    return max(new, default=(0, ""))


def _describe_both(
    was: ComparisonSide, now: ComparisonSide, had: int, has: int, *, counted: bool
) -> str:
    """Return `14 in 60 actions before, 0 in 45 after`, or the same by time."""
    if counted:
        return f"{had} in {format_action_count(was.actions)} before, {has} in {now.actions} after"
    before, after = format_minutes(was.minutes), format_minutes(now.minutes)
    return f"{had} in {before} before, {has} in {after} after"
