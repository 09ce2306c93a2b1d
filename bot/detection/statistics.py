"""The statistical tests of a verdict, in plain Python: exact for counts, by ranks for durations.

Every p-value is one-sided: the chance of this result or a more extreme one if nothing had changed.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

_NEGLIGIBLE = 1e-17  # relative to the largest term of a tail


def compute_fisher_less(before: int, of_before: int, after: int, of_after: int) -> float:
    """Return Fisher's exact p for a smaller share after than before."""
    return _compute_tail(_build_hypergeometric(before, of_before, after, of_after), after, -1)


def compute_fisher_greater(before: int, of_before: int, after: int, of_after: int) -> float:
    """Return Fisher's exact p for a larger share after than before."""
    return _compute_tail(_build_hypergeometric(before, of_before, after, of_after), after, 1)


def compute_rate_less(
    before: int, exposure_before: float, after: int, exposure_after: float
) -> float:
    """Return the exact p for a lower Poisson rate after, conditional on the total count.

    Exposures are what the counts were observed in, in any common unit: minutes, or actions.
    """
    share = _share(exposure_before, exposure_after)
    return compute_binomial_at_most(after, before + after, share)


def compute_rate_greater(
    before: int, exposure_before: float, after: int, exposure_after: float
) -> float:
    """Return the exact p for a higher Poisson rate after, conditional on the total count."""
    share = _share(exposure_before, exposure_after)
    return compute_binomial_at_least(after, before + after, share)


def compute_binomial_at_most(count: int, trials: int, chance: float) -> float:
    """Return the probability of at most `count` hits in `trials`."""
    return _compute_tail(_build_binomial(trials, chance), count, -1)


def compute_binomial_at_least(count: int, trials: int, chance: float) -> float:
    """Return the probability of at least `count` hits in `trials`."""
    return _compute_tail(_build_binomial(trials, chance), count, 1)


class Ranked(NamedTuple):
    """The result of a Mann-Whitney test. `effect` is the chance that a value after is larger."""

    p: float
    effect: float


def compute_mann_whitney_greater(before: Sequence[float], after: Sequence[float]) -> Ranked:
    """Test whether values after are larger, by ranks, corrected for ties and continuity.

    The normal approximation is good from about eight values on each side.
    """
    many, few = len(before), len(after)
    if not many or not few:
        return Ranked(p=1.0, effect=0.5)
    pooled = sorted([(value, 0) for value in before] + [(value, 1) for value in after])
    total, rank_sum, ties, start = many + few, 0.0, 0.0, 0
    while start < total:
        end = start
        while end < total and pooled[end][0] == pooled[start][0]:
            end += 1
        tied = end - start
        rank_sum += (start + end + 1) / 2 * sum(side for _, side in pooled[start:end])
        ties += tied**3 - tied
        start = end
    won = rank_sum - few * (few + 1) / 2
    spread = many * few / 12 * ((total + 1) - ties / (total * (total - 1)))
    if spread <= 0:
        return Ranked(p=1.0, effect=0.5)
    z = (won - many * few / 2 - 0.5) / math.sqrt(spread)
    return Ranked(p=math.erfc(z / math.sqrt(2)) / 2, effect=won / (many * few))


def compute_quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile, interpolated; `values` must be sorted and not empty."""
    place = share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


class _Distribution(NamedTuple):
    """Counts from `least` to `most`, and the logarithm of each one's probability."""

    least: int
    most: int
    log: Callable[[int], float]


def _build_binomial(trials: int, chance: float) -> _Distribution:
    if chance <= 0 or chance >= 1:
        sure = trials if chance >= 1 else 0
        return _Distribution(sure, sure, lambda _count: 0.0)
    hit, miss = math.log(chance), math.log1p(-chance)

    def log(count: int) -> float:
        return _choose(trials, count) + count * hit + (trials - count) * miss

    return _Distribution(0, trials, log)


def _build_hypergeometric(before: int, of_before: int, after: int, of_after: int) -> _Distribution:
    """Return the distribution of the hits after, if all hits are divided by chance."""
    hits = before + after
    ways = _choose(of_before + of_after, hits)

    def log(count: int) -> float:
        return _choose(of_after, count) + _choose(of_before, hits - count) - ways

    return _Distribution(max(0, hits - of_before), min(hits, of_after), log)


def _compute_tail(counts: _Distribution, start: int, step: int) -> float:
    """Return the probability of `start` and all counts above it (or below, if `step` is -1)."""
    if step > 0:
        if start <= counts.least:
            return 1.0
        if start > counts.most:
            return 0.0
    else:
        if start >= counts.most:
            return 1.0
        if start < counts.least:
            return 0.0
    end = counts.most if step > 0 else counts.least
    total, largest = 0.0, 0.0
    for count in range(start, end + step, step):
        term = math.exp(counts.log(count))
        total += term
        largest = max(largest, term)
        if largest > 0 and term < largest * _NEGLIGIBLE:
            break  # past the maximum: all further terms are smaller
    return min(1.0, total)


def _choose(total: int, some: int) -> float:
    """Return the logarithm of the number of combinations."""
    return math.lgamma(total + 1) - math.lgamma(some + 1) - math.lgamma(total - some + 1)


def _share(before: float, after: float) -> float:
    return after / (before + after) if after > 0 else 0.0
