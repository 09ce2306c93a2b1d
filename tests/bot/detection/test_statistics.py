"""The tests behind a verdict, against published figures and those of scipy 1.17."""

import math
import random

import pytest

from bot.detection.statistics import (
    compute_binomial_at_least,
    compute_binomial_at_most,
    compute_fisher_greater,
    compute_fisher_less,
    compute_mann_whitney_greater,
    compute_quantile,
    compute_rate_greater,
    compute_rate_less,
)


def test_the_lady_tasting_tea_and_the_convicted_twins_come_out_as_fisher_published() -> None:
    assert compute_fisher_greater(1, 4, 3, 4) == pytest.approx(17 / 70)
    assert compute_fisher_less(10, 13, 2, 17) == pytest.approx(0.000465, abs=5e-7)


@pytest.mark.parametrize(
    ("table", "fewer", "more"),
    [
        ((14, 60, 0, 45), 0.00018905896481065385, 1.0),
        ((14, 60, 7, 45), 0.23115406771749714, 0.8920997782914136),
        ((3, 10, 5, 10), 0.9150988330554894, 0.32495832341033587),
        ((1000, 10_000, 90, 1000), 0.1703742649068296, 0.8569140055874804),
        ((7, 7, 0, 5), 0.0012626262626262627, 1.0),
        ((0, 60, 4, 45), 1.0, 0.031169002328339846),
        ((50_000, 500_000, 48_000, 500_000), 8.856975387366528e-12, 1.0),
    ],
)
def test_fishers_exact_test_agrees_with_scipy(
    table: tuple[int, int, int, int], fewer: float, more: float
) -> None:
    assert compute_fisher_less(*table) == pytest.approx(fewer, rel=1e-6)
    assert compute_fisher_greater(*table) == pytest.approx(more, rel=1e-6)


@pytest.mark.parametrize(
    ("counts", "fewer", "more"),
    [
        ((14, 1440, 0, 60), 0.5646733123551136, 1.0),
        ((14, 1440, 0, 1440), 6.103515625e-05, 1.0),
        ((10, 60, 3, 60), 0.046142578125, 0.98876953125),
        ((10, 60, 30, 60), 0.9996602258725034, 0.0011107168866146822),
        ((3, 100, 9, 50), 0.9994561955137071, 0.0038555549910526277),
    ],
)
def test_rates_are_compared_as_scipys_binomial_test_does(
    counts: tuple[int, float, int, float], fewer: float, more: float
) -> None:
    assert compute_rate_less(*counts) == pytest.approx(fewer)
    assert compute_rate_greater(*counts) == pytest.approx(more)


def test_ranks_with_ties_are_compared_as_scipy_does() -> None:
    before = [12.0, 15.0, 15.0, 18.0, 20.0, 21.0, 22.0, 25.0, 30.0, 31.0]
    after = [15.0, 22.0, 25.0, 28.0, 30.0, 33.0, 35.0, 40.0, 41.0, 50.0, 52.0]
    assert compute_mann_whitney_greater(before, after) == pytest.approx(
        (0.00450857437148846, 0.8409090909090909)
    )
    assert compute_mann_whitney_greater(after, before).p == pytest.approx(0.9963406274762807)


def test_where_there_is_nothing_to_compare_nothing_is_sure() -> None:
    assert compute_mann_whitney_greater([], [1.0]) == (1.0, 0.5)
    assert compute_mann_whitney_greater([2.0] * 9, [2.0] * 9) == (1.0, 0.5)
    assert compute_rate_less(3, 10, 0, 0) == compute_rate_greater(3, 10, 0, 0) == 1.0
    assert compute_fisher_less(0, 0, 0, 5) == compute_fisher_greater(0, 0, 0, 5) == 1.0


def test_both_tails_share_the_outcome_itself() -> None:
    chance = random.Random(1)
    for _ in range(50):
        trials, share = chance.randint(1, 200), chance.random()
        count = chance.randint(0, trials)
        exactly = math.comb(trials, count) * share**count * (1 - share) ** (trials - count)
        both = compute_binomial_at_most(count, trials, share) + compute_binomial_at_least(
            count, trials, share
        )
        assert both == pytest.approx(1 + exactly)


def test_a_quantile_lies_between_two_values() -> None:
    assert [compute_quantile([1.0, 2.0, 4.0], share) for share in (0, 0.5, 0.75, 1)] == [1, 2, 3, 4]
