"""Statistical tests on values by day, without assumptions about how they are distributed.

All are deterministic: exact where the number of arrangements allows it, else with a fixed seed.
"""

import random
from collections.abc import Sequence
from itertools import combinations
from math import comb, sqrt
from statistics import fmean

_MOST_EXACT = 20_000
_DRAWS = 10_000
_FEWER_DRAWS = 2_000  # every pair of goals is tested
_HARDLY_OPPOSED = 0.3  # a rank correlation that up to 60 days do not show to be none by chance
_SEED = 20_261_126


def compute_permutation_greater(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the one-sided p: the chance of a mean after that exceeds the one before by as much.

    Without values on a side, it is 1.
    """
    if not before or not after:
        return 1.0
    pooled, few = [*before, *after], len(after)
    # The mean after grows with the sum after, so the sum decides.
    observed = sum(after) - 1e-9 * max(1.0, abs(sum(after)))
    if comb(len(pooled), few) <= _MOST_EXACT:
        sums = [sum(chosen) for chosen in combinations(pooled, few)]
        return sum(each >= observed for each in sums) / len(sums)
    draw = random.Random(_SEED)  # noqa: S311 - a test, not a secret
    hits = sum(sum(draw.sample(pooled, few)) >= observed for _ in range(_DRAWS))
    return (hits + 1) / (_DRAWS + 1)


def compute_opposition(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the one-sided p: the chance of ranks as opposed as these in two series of pairs.

    With fewer than eight pairs, or if the ranks are hardly opposed, it is 1 without a test.
    """
    if len(left) < 8:
        return 1.0
    ranks, others = _rank(left), _rank(right)
    product, scale = _multiply(ranks, others), _multiply(ranks, ranks) * _multiply(others, others)
    if product >= -_HARDLY_OPPOSED * sqrt(scale):
        return 1.0
    draw = random.Random(_SEED)  # noqa: S311 - a test, not a secret
    shuffled, hits = list(others), 0
    for _ in range(_FEWER_DRAWS):
        draw.shuffle(shuffled)
        hits += _multiply(ranks, shuffled) <= product + 1e-9
    return (hits + 1) / (_FEWER_DRAWS + 1)


def _rank(values: Sequence[float]) -> list[float]:
    """Return ranks around their mean; equal values share a rank."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for place, value in enumerate(ordered):
        first.setdefault(value, place)
        last[value] = place
    middle = fmean(range(len(ordered)))
    return [(first[value] + last[value]) / 2 - middle for value in values]


def _multiply(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))
