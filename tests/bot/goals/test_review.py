"""The weekly review: what it posts, what it starts, and what it never does."""

from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.errors import NotAuthorized, OutOfBounds
from bot.domain.objective import GoalsConfig
from bot.domain.people import ITSELF
from bot.domain.personal_data import DataSubject
from bot.domain.proposal import Shipment
from bot.goals.service import ObjectiveRequest
from bot.learning.lessons import CaseRepository
from bot.reviews.service import IncidentReviews, ReviewRecords
from tests.bot.goals.days import DAY, make_days
from tests.bot.goals.goal_harness import GoalHarness
from tests.support.agent_harness import ALICE, DORA, MALLORY

ACTIONS = [*make_days(15, 5), *make_days(15, 2, error="f1")]
DAILY = GoalsConfig(cron="0 9 * * *", starts=1)


async def review(goals: GoalHarness) -> None:
    """Let the first slot pass, and the next one begin."""
    await goals.review.look()
    goals.clock.tick(86_400)
    await goals.review.look()


async def test_a_week_in_which_nobody_talks_starts_no_run_and_asks_no_model(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, GoalsConfig())
    await goals.set_goal("no crash for a week")
    injector = goals.agent.injector
    cases = injector.build(CaseRepository, prompts=dict)
    injector.build(ReviewRecords)
    reviews = injector.build(IncidentReviews, monitoring=goals.monitoring)
    for _ in range(8):
        for turn in (goals.review.look, goals.pursuit.turn, cases.collect, reviews.look):
            await turn()
        goals.clock.tick(86_400)
    assert any(each.card and "Goals" in each.card.title for each in goals.posts)
    assert await goals.world.store.find() == ()
    assert goals.world.engine.asked == []  # a planner is asked in a run alone


async def test_without_goals_nothing_is_read_posted_or_started(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    await review(goals)
    assert (goals.posts, await goals.world.store.find()) == ([], ())


async def test_the_review_says_what_would_help_and_starts_the_best_of_it(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    await goals.set_goal("no crash for a week")
    await review(goals)
    [run] = await goals.world.store.find()
    assert (run.trigger.origin, run.trigger.person, run.goal) == ("goal", ITSELF, "fix")
    post = next(each for each in goals.posts if each.card and "Goals" in each.card.title)
    assert post.card is not None
    assert post.card.title == "🎯 Goals: 0 of 1 met"
    assert "❌ 12" in post.card.body
    fields = {field.name: field.value for field in post.card.fields}
    assert "closes 100 % of the gap" in fields["Work that would help, best first"]
    assert f"run `{run.id}`" in fields["What I began"]
    await goals.review.look()
    assert len(await goals.world.store.find()) == 1  # once for each slot


@pytest.mark.parametrize("starts", [0, 1])
async def test_it_never_starts_more_than_settings_and_pauses_allow(
    tmp_path: Path, starts: int
) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY.replace(starts=starts))
    await goals.set_goal("no crash for a week")
    if starts:
        await goals.agent.autonomy.pause(ALICE, "holiday")
    await review(goals)
    assert await goals.world.store.find() == ()


async def test_the_level_of_autonomy_decides_how_far_it_goes(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    goals.agent.autonomy.reconfigure(Autonomy(level=Level.REPORT))
    await goals.set_goal("no crash for a week")
    await review(goals)
    assert await goals.world.store.find() == ()
    card = goals.posts[-1].card
    assert card is not None and "I only report it: the general level" in card.fields[-1].value


async def test_an_incident_goes_the_way_of_every_incident(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    incident = await goals.open_incident("f1")
    await goals.set_goal("at most 0 open incidents")
    await review(goals)
    [run] = await goals.world.store.find()
    assert (run.trigger.origin, run.trigger.incident) == ("incident", incident.id)


async def test_what_became_of_a_start_is_reported_with_a_test(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    await goals.set_goal("no crash for a week")
    await review(goals)
    [run] = await goals.world.store.find()
    live = goals.clock.now()
    await goals.world.store.append(
        run.id,
        Shipment(run_id=run.id, approved_head="a", merge_commit="b", live_commit="b", at=live,
                 reloaded=("cogs.dice",)),
    )  # fmt: skip
    goals.clock.tick(9 * 86_400)
    goals.world.journal.actions += [
        each.model_copy(update={"ts": each.ts + 10 * DAY, "id": f"later{each.id}"})
        for each in make_days(9, 5)
    ]
    [attempt] = await goals.board.judge_attempts()
    assert attempt.result is not None
    assert (attempt.result.effect, attempt.result.after) == ("better", 0.0)
    assert await goals.board.judge_attempts() == ()  # reported for good


async def test_listed_people_set_and_remove_goals_and_nobody_else_does(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    with pytest.raises(NotAuthorized, match="set goals for me"):
        await goals.service.set(MALLORY, ObjectiveRequest("no crash"))
    with pytest.raises(NotAuthorized):
        await goals.service.report(MALLORY)
    first = await goals.set_goal("no crash for a week")
    part = ObjectiveRequest("/roll crashes at most once, 1 crash", parent=first)
    child = await goals.service.set(DORA, part)
    assert child.objective.parent == first
    with pytest.raises(NotAuthorized):
        await goals.service.remove(MALLORY, first)
    await goals.service.remove(DORA, f"`{first.upper()}`")
    [left] = await goals.service.list_objectives()
    assert (left.id, left.parent) == (child.objective.id, None)
    with pytest.raises(OutOfBounds, match="no goal “g1”"):
        await goals.service.remove(DORA, first)


async def test_secrets_are_taken_out_and_people_can_have_their_goals_erased(
    tmp_path: Path,
) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    key = "ghp_" + "A1b2C3d4" * 5
    await goals.set_goal(f"no crash with {key} for a week")
    assert key not in "".join(goals.world.key_values.bodies.values())
    subject = DataSubject(id=ALICE.id, pseudonym="p")
    assert await goals.service.count_records(subject) == 1
    assert (await goals.service.erase(subject), await goals.service.list_objectives()) == (1, ())


async def test_a_goal_that_contradicts_another_one_is_not_set(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, DAILY)
    await goals.set_goal("at least 100 uses a week")
    before = await goals.service.list_objectives()
    with pytest.raises(OutOfBounds, match=r"I have not set this goal.*and this goal cannot both"):
        await goals.set_goal("at most 10 uses a week")
    assert await goals.service.list_objectives() == before
