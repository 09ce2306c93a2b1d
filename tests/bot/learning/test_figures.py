"""Key performance indicators count what their formulas say."""

from datetime import timedelta
from typing import Any

from bot.domain.record_search import RunSummary
from bot.domain.run import Status
from bot.domain.samples import ActionCount
from bot.learning.figures import (
    QUALITY_FORMULAS,
    FigurePeriod,
    Indicator,
    compute_indicators,
    compute_quality,
    select_period,
)
from tests.bot.learning.test_key_figures import an_incident
from tests.support.run_cases import NOW, make_case

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
NOTHING = FigurePeriod(NOW - 2 * WEEK, NOW - WEEK, (), (), (), ())


def a_run(status: Status = Status.DONE, **about: Any) -> RunSummary:
    begun = NOW - HOUR
    run = RunSummary("abc123", "fix", status, "person", "dice", begun, NOW)
    return run._replace(**about)


def compute(**found: Any) -> dict[str, Indicator]:
    period = FigurePeriod(NOW - WEEK, NOW, (), (), (), ())._replace(**found)
    return {each.name: each for each in compute_indicators(period, NOTHING)}


def test_nothing_has_no_value_and_every_indicator_has_a_formula() -> None:
    found = compute()
    assert [each.value for each in found.values()] == [None] * 7
    assert all("/" in each.formula or " - " in each.formula for each in found.values())


def test_runs_count_as_the_formulas_say() -> None:
    live: dict[str, Any] = {"live_at": NOW, "proposed_at": NOW, "approved_at": NOW}
    found = compute(
        runs=[
            a_run(**live, cost_usd=1.0, verdict="fixed"),
            a_run(**live, cost_usd=1.0, helped=True),
            a_run(**live, cost_usd=1.0, verdict="regressed"),
            a_run(**live, goal="revert"),
            a_run(Status.REJECTED, proposed_at=NOW, cost_usd=3.0),
            a_run(Status.WAITING),
            a_run(Status.RUNNING),
        ],
        actions=[ActionCount(0, "reload", 4, 1), ActionCount(0, "command", 9, 9)],
    )
    parts = {name: (each.part, each.total) for name, each in found.items()}
    assert parts == {
        "Autonomy rate": (3, 6),
        "Improvement velocity": (2, 1.0),
        "Error recovery": (0, 0),
        "Learning efficiency": (0, 0),
        "Resource efficiency": (6.0, 3),
        "Approval rate": (4, 5),
        "Reload success": (3, 4),
    }
    assert found["Resource efficiency"].value == 6.0 / 3
    assert found["Autonomy rate"].before is None


def test_only_a_fix_of_the_bots_own_recovers_an_incident_of_ours() -> None:
    incident = an_incident()
    assert compute(incidents=[incident])["Error recovery"][3:5] == (0, 1)


def test_learning_is_the_gain_of_the_second_half() -> None:
    cases = [
        make_case(f"c{n}", days_ago=6 - n, result="held" if n > 1 else "failed") for n in range(4)
    ]
    found = compute(cases=cases)["Learning efficiency"]
    assert (found.part, found.total, found.value) == (2, 2, 1.0)
    reverse = [case.replace(ended_at=NOW - WEEK + (NOW - case.ended_at)) for case in cases]
    assert compute(cases=reverse)["Learning efficiency"].value == -1.0


def test_quality_is_counted_by_week_from_what_was_measured() -> None:
    checks = {"lint": "passed", "types": "failed", "documentation": "passed"}
    cases = [
        make_case("a", 1, checks=checks, covered=(3, 4)),
        make_case("b", 2, checks={"lint": "failed"}, covered=(1, 4)),
        make_case("c", 16, checks={"performance": "passed"}),
    ]
    first, third = compute_quality(cases, NOW, 4)
    assert set(first.scores) == set(QUALITY_FORMULAS)
    assert (first.scores["coverage"], first.scores["lint"]) == ((4, 8), (1, 2))
    assert (first.scores["types"], first.scores["performance"]) == ((0, 1), (0, 0))
    assert third.scores["performance"] == (1, 1)


def test_a_period_takes_what_began_in_it() -> None:
    period = select_period(
        NOW - WEEK, NOW,
        [a_run(), a_run(created_at=NOW - 2 * WEEK)], [], [make_case("a"), make_case("b", 9)],
        [ActionCount(NOW.timestamp() - 60, "reload", 1, 0), ActionCount(0, "reload", 1, 0)],
    )  # fmt: skip
    assert [len(each) for each in period[2:]] == [1, 0, 1, 1]
