"""Compares a measure by day before and after a change went live, with a permutation test."""

from datetime import datetime
from statistics import fmean

from bot.domain.objective import DailyComparison, Requirement
from bot.goals.figures import DailyFigures
from bot.goals.measures import list_daily_values
from bot.goals.permutation import compute_permutation_greater

ENOUGH = 4
"""The least number of days on each side: with four, p can be 1 in 70."""
FINAL = 7
"""The number of days after which a comparison is reported and no longer repeated."""
_SIGNIFICANT = 0.05


def compare_days(
    requirement: Requirement, figures: DailyFigures, live: datetime
) -> DailyComparison:
    """Return the comparison of up to `FINAL` whole days on each side of `live`.

    The day in which the change went live counts on neither side.
    """
    index = figures.find_day(live)
    if index is None:
        return DailyComparison()
    values = list_daily_values(requirement, figures)
    before = [each for each in values[max(0, index - FINAL) : index] if each is not None]
    after = [each for each in values[index + 1 : index + 1 + FINAL] if each is not None]
    found = DailyComparison(
        before=fmean(before) if before else None,
        after=fmean(after) if after else None,
        days_before=len(before),
        days_after=len(after),
    )
    if min(len(before), len(after)) < ENOUGH:
        return found
    larger = compute_permutation_greater(before, after)
    smaller = compute_permutation_greater([-each for each in before], [-each for each in after])
    is_more_better = requirement.bound == "at least"
    better, worse = (larger, smaller) if is_more_better else (smaller, larger)
    if better < _SIGNIFICANT:
        return found.replace(p=better, effect="better")
    if worse < _SIGNIFICANT:
        return found.replace(p=worse, effect="worse")
    return found.replace(p=min(better, worse), effect="same")
