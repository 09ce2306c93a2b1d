"""Which work would help a goal, and in which order."""

from typing import Any

import pytest

from bot.domain.feature_request import FeatureRequest, Requester
from bot.domain.incident import Incident
from bot.domain.objective import MeasureName, Objective, Opportunity
from bot.domain.shipped_fix import ShippedFix
from bot.goals.opportunities import Material, rank_opportunities
from tests.bot.goals.days import NOW, make_days, make_objective
from tests.bot.goals.test_measures import collect, make_incident

ACTIONS = [
    *make_days(15, 6, ms=100.0),
    *make_days(15, 2, name="search", ms=5_000.0),
    *make_days(15, 3, error="f1", user="u2"),
    *make_days(15, 1, error="f2", user="u3"),
]
WISH = FeatureRequest(
    id="w1", text="add /coinflip", first_at=NOW, last_at=NOW,
    requesters=(Requester(id=1, name="a"), Requester(id=2, name="b")),
)  # fmt: skip
IDEA = WISH.replace(id="w2", text="tidy", value=5, requesters=(Requester(id=0, name="Theseus"),))
OBSTACLE = "only a self-audit proposed it; a person has to start it"


async def rank(*objectives: Objective, **more: Any) -> list[tuple[str, float]]:
    found = await list_work(*objectives, **more)
    return [(each.key, round(each.effect, 2)) for each in found]


async def list_work(
    *objectives: Objective, incidents: tuple[Incident, ...] = (), **more: Any
) -> tuple[Opportunity, ...]:
    figures = await collect(ACTIONS, *incidents, days=15)
    return rank_opportunities(objectives, Material(figures, incidents, **more))


async def test_faults_are_ranked_by_the_part_of_the_gap_that_they_cause() -> None:
    crashes = make_objective(MeasureName.CRASHES, 0)
    assert await rank(crashes) == [("fault:f1", 0.75), ("fault:f2", 0.25)]
    rate = make_objective(MeasureName.ERROR_RATE, 10)
    found = await rank(rate)
    assert [key for key, _ in found] == ["fault:f1", "fault:f2"]


async def test_what_serves_no_unmet_goal_is_left_out() -> None:
    assert await rank() == []
    assert await rank(make_objective(MeasureName.CRASHES, 1_000)) == []
    assert await rank(make_objective(MeasureName.COST, 0)) == []
    other = make_objective(MeasureName.CRASHES, 0, command="search")
    assert await rank(other) == []


async def test_slow_commands_serve_the_response_time_and_are_for_people() -> None:
    [work] = await list_work(make_objective(MeasureName.RESPONSE_TIME, 1_000))
    assert (work.key, work.effect, work.can_start) == ("slow:command.search", 1.0, False)


async def test_open_incidents_serve_their_number_and_replace_the_same_fault() -> None:
    goal = make_objective(MeasureName.INCIDENTS, 0)
    incident = make_incident("i1", 1).replace(fingerprint="f1", run_id="run123")
    [work] = await list_work(goal, incidents=(incident,))
    assert (work.key, work.run_id, work.can_start) == ("incident:i1", "run123", False)
    both = make_objective(MeasureName.CRASHES, 0)
    assert [key for key, _ in await rank(both, incidents=(incident,))] == [
        "incident:i1",
        "fault:f2",
    ]


async def test_wishes_of_people_serve_use_and_ideas_of_the_bot_start_nothing() -> None:
    goal = make_objective(MeasureName.USE, 100)
    found = await list_work(goal, requests=[WISH, IDEA])
    by_key = {each.key: each for each in found}
    assert by_key["wish:w1"].can_start
    idea = by_key["idea:w2"]
    assert (idea.can_start, idea.obstacle) == (False, OBSTACLE)
    assert idea.effect < by_key["wish:w1"].effect


async def test_a_fixed_fault_is_no_work_though_its_failures_are_still_counted() -> None:
    fix = ShippedFix(
        run_id="r", number=1, fingerprint="f1", event="command.roll", merge_commit="c",
        merged_at=NOW, live_at=NOW,
    )  # fmt: skip
    assert await rank(make_objective(MeasureName.CRASHES, 0), fixes={"f1": fix}) == [
        ("fault:f2", 0.25)
    ]


@pytest.mark.parametrize(("usd", "risk"), [(0.0, 0.9), (9.0, 0.0)])
def test_cost_and_risk_lower_the_score(usd: float, risk: float) -> None:
    work = Opportunity(key="fault:f", kind="fault", title="t", effect=0.5)
    assert work.replace(usd=usd, risk=risk).score < work.score
