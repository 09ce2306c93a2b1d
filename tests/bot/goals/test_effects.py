"""The permutation tests: exact on small samples, the same each time on large ones."""

import pytest

from bot.domain.objective import MeasureName
from bot.goals.effects import compare_days
from bot.goals.permutation import compute_opposition, compute_permutation_greater
from tests.bot.goals.days import DAY, NOW, make_days, make_objective
from tests.bot.goals.test_measures import collect


def test_small_samples_are_counted_exactly() -> None:
    # Of the 6 ways to choose two of four values, only one has a sum as large as 3 + 4.
    assert compute_permutation_greater([1, 2], [3, 4]) == pytest.approx(1 / 6)
    assert compute_permutation_greater([3, 4], [1, 2]) == 1.0
    assert compute_permutation_greater([1, 1, 1], [1, 1, 1]) == 1.0
    assert compute_permutation_greater([], [1]) == 1.0


def test_large_samples_are_drawn_with_a_fixed_seed() -> None:
    before, after = [float(n % 7) for n in range(30)], [float(n % 7) + 3 for n in range(30)]
    first = compute_permutation_greater(before, after)
    assert first == compute_permutation_greater(before, after) < 0.001
    assert compute_permutation_greater(before, before) > 0.3


def test_opposed_series_are_found_and_unrelated_ones_are_not() -> None:
    rising = [float(n) for n in range(12)]
    assert compute_opposition(rising, rising[::-1]) < 0.001
    assert compute_opposition(rising, rising) == 1.0
    assert compute_opposition(rising, [1.0] * 12) == 1.0
    assert compute_opposition(rising[:5], rising[4::-1]) == 1.0


async def test_before_and_after_are_compared_by_day_without_the_day_between() -> None:
    wanted = make_objective(MeasureName.CRASHES, 0).requirement
    broken = [each for each in make_days(16, 3, error="f1") if each.ts < NOW - 8 * DAY]
    figures = await collect([*broken, *make_days(8, 2)], days=16)
    found = compare_days(wanted, figures, NOW - 7.5 * DAY)
    assert (found.before, found.after, found.effect) == (3.0, 0.0, "better")
    assert (found.days_before, found.days_after) == (7, 7)
    assert found.p is not None and found.p < 0.001
    worse = wanted.replace(measure=MeasureName.USE, bound="at least")
    assert compare_days(worse, figures, NOW - 7.5 * DAY).effect == "worse"
    assert compare_days(wanted, figures, NOW - 2.5 * DAY).effect == "too few"
    assert compare_days(wanted, figures, NOW - 400 * DAY).effect == "too few"
