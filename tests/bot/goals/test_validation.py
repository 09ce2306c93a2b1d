"""Goals that cannot be measured, contradict or repeat each other, or pull against each other."""

import pytest

from bot.domain.objective import MeasureName, Objective
from bot.goals.validation import find_conflicts, find_faults, validate_objectives
from tests.bot.goals.days import DAY, NOW, make_days, make_objective
from tests.bot.goals.test_measures import collect

CRASHES = make_objective(MeasureName.CRASHES, 0)
USE = make_objective(MeasureName.USE, 100, id="g2")


@pytest.mark.parametrize(
    ("objective", "text"),
    [
        (make_objective(MeasureName.CRASHES, 0, command="nope"), "no command `/nope`"),
        (make_objective(MeasureName.COST, 5, command="roll"), "not counted for one command"),
        (make_objective(MeasureName.RESPONSE_TIME, 5, bound="at least"), "should be at most"),
        (make_objective(MeasureName.RETURNING, 120), "More than 100 %"),
        (make_objective(MeasureName.RESPONSE_TIME, 0), "less than 1 ms"),
        (make_objective(MeasureName.RETURNING, 50, days=60), "records of 120 days"),
        (CRASHES.replace(due=NOW), "in the future"),
        (CRASHES.replace(due=NOW + 400 * DAY), "within a year"),
        (CRASHES.replace(parent="g9"), "no goal `g9`"),
        (CRASHES.replace(parent="g2", due=NOW + 90 * DAY), "date is earlier"),
    ],
)
def test_what_is_wrong_with_a_goal_is_said_when_it_is_set(objective: Objective, text: str) -> None:
    found = find_faults(objective, (USE,), frozenset({"roll"}), 90, NOW)
    assert [each for each in found if each.is_serious and text in each.text], found


def test_a_good_goal_has_no_problem() -> None:
    assert find_faults(CRASHES, (USE,), frozenset({"roll"}), 90, NOW) == ()


def test_goals_that_exclude_each_other_conflict_and_weaker_ones_are_named() -> None:
    seldom = make_objective(MeasureName.USE, 10, id="g3", bound="at most")
    [conflict] = find_conflicts((USE, seldom))
    assert conflict.is_serious and "cannot both be met" in conflict.text
    [refusal] = find_faults(seldom, (USE,), frozenset({"roll"}), 90, NOW)
    assert refusal.text.startswith("`g2` and this goal cannot both be met")
    part = make_objective(MeasureName.USE, 50, id="g4", command="roll")
    assert find_conflicts((part, seldom))[0].is_serious
    assert find_conflicts((part, USE)) == ()
    weaker = make_objective(MeasureName.USE, 50, id="g5")
    [repeated] = find_conflicts((USE, weaker))
    assert (repeated.is_serious, "`g2` includes `g5`" in repeated.text) == (False, True)


def test_a_goal_that_is_set_already_is_refused_and_the_other_named() -> None:
    again = USE.replace(id="g7", text="the same in other words")
    [refusal] = [
        each for each in find_faults(again, (USE,), frozenset(), 90, NOW) if each.is_serious
    ]
    assert refusal.text.startswith("`g2` says the same.")


async def test_goals_that_pull_against_each_other_are_found_in_the_records() -> None:
    pace = make_objective(MeasureName.RESPONSE_TIME, 500, id="g1")
    actions = [
        each
        for day in range(14, 0, -1)
        for each in make_days(day, 3 + day % 5, ms=100.0 * (3 + day % 5))
        if NOW - day * DAY <= each.ts < NOW - (day - 1) * DAY
    ]
    figures = await collect(actions)
    found = validate_objectives((pace, USE), figures, NOW)
    assert ["pull against each other" in each.text for each in found] == [True]
    late = pace.replace(due=NOW, requirement=pace.requirement.replace(target=1.0))
    assert "date of `g1` has passed" in validate_objectives((late,), figures, NOW)[0].text
    unknown = make_objective(MeasureName.RETURNING, 50, days=10)
    assert "cannot be measured" in validate_objectives((unknown,), figures, NOW)[0].text
