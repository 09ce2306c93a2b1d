"""The continuous mode: run after run, until a limit or a deadlock, and it says why it stops."""

from pathlib import Path

import pytest

from bot.domain.errors import NotAuthorized, OutOfBounds, WrongStage
from bot.domain.objective import GoalsConfig
from bot.domain.run import Run, Stage, Status, Waiting
from tests.bot.goals.days import make_days
from tests.bot.goals.goal_harness import GoalHarness
from tests.support.agent_harness import ALICE, DORA, MALLORY

ACTIONS = [*make_days(15, 4, error="f1"), *make_days(15, 1, error="f2"), *make_days(15, 9)]
NO_REVIEWS = GoalsConfig(cron=None, stalled_after=1)


@pytest.fixture
async def goals(tmp_path: Path) -> GoalHarness:
    made = GoalHarness(tmp_path, ACTIONS, NO_REVIEWS)
    await made.set_goal("no crash for a week")
    return made


async def end(goals: GoalHarness, run: Run, **state: object) -> None:
    """Bring a run into a state, as its worker would."""
    await goals.world.store.save(run.replace(**state))


async def get_newest(goals: GoalHarness) -> Run:
    return (await goals.world.store.find())[0]


def get_last_text(goals: GoalHarness) -> str:
    return next(each.text for each in reversed(goals.posts) if each.text.startswith("⏹️"))


async def test_the_next_run_begins_once_the_last_one_waits_for_a_person(
    goals: GoalHarness,
) -> None:
    answer = await goals.pursuit.begin(DORA, 2, 5.0)
    assert answer.startswith("♾️ I work continuously towards the goals, for dora: 0 of 2 runs")
    await goals.pursuit.turn()
    first = await get_newest(goals)
    assert first.trigger.origin == "goal"
    await goals.pursuit.turn()
    assert len(await goals.world.store.find()) == 1  # it is under way
    waits = {"status": Status.WAITING, "stage": Stage.SHIP, "waiting": Waiting.APPROVAL}
    await end(goals, first, **waits)
    await goals.pursuit.turn()
    second = await get_newest(goals)
    assert second.id != first.id
    await end(goals, second, **waits)
    await goals.pursuit.turn()
    assert get_last_text(goals).endswith("(2 of 2 runs, $0.00 of $5.00): 2 runs was the limit.")
    await goals.pursuit.turn()
    assert len(await goals.world.store.find()) == 2


async def test_the_same_work_twice_is_a_deadlock(tmp_path: Path) -> None:
    goals = GoalHarness(tmp_path, ACTIONS, GoalsConfig(cron=None, stalled_after=5))
    await goals.set_goal("no crash for a week")
    await goals.pursuit.begin(ALICE, 5, 5.0)
    await goals.pursuit.turn()
    await end(goals, await get_newest(goals), status=Status.FAILED)
    await goals.pursuit.turn()
    assert "deadlock: “a failure in /roll” would be the same work twice" in get_last_text(goals)
    assert len(await goals.world.store.find()) == 1


async def test_runs_without_progress_are_a_deadlock(goals: GoalHarness) -> None:
    await goals.pursuit.begin(ALICE, 5, 5.0)
    await goals.pursuit.turn()
    await end(goals, await get_newest(goals), status=Status.FAILED)
    await goals.pursuit.turn()
    assert "deadlock: 1 run in a row without progress." in get_last_text(goals)


async def test_money_ends_it_before_a_run_that_it_cannot_pay(goals: GoalHarness) -> None:
    await goals.pursuit.begin(ALICE, 5, 2.0)
    await goals.pursuit.turn()
    await end(goals, await get_newest(goals), status=Status.DONE, cost_usd=1.5)
    goals.world.journal.actions[:] = [*make_days(15, 1, error="f2"), *make_days(15, 9)]
    await goals.pursuit.turn()
    text = get_last_text(goals)
    assert "the next run costs about $1.50, and $0.50 are left of $2.00." in text


async def test_a_pause_ends_it_and_an_active_mode_survives_no_halt(goals: GoalHarness) -> None:
    await goals.pursuit.begin(ALICE, 5, 5.0)
    with pytest.raises(WrongStage, match="I do that already"):
        await goals.pursuit.begin(ALICE, 5, 5.0)
    await goals.agent.autonomy.pause(ALICE, "holiday")
    await goals.pursuit.turn()
    assert "holiday" in get_last_text(goals)
    assert await goals.world.store.find() == ()
    await goals.agent.autonomy.resume(ALICE)
    await goals.pursuit.begin(ALICE, 5, 5.0)
    assert "dora has ended it" in await goals.pursuit.end(DORA)
    await goals.pursuit.turn()
    assert await goals.world.store.find() == ()


async def test_goals_without_records_are_not_called_met(goals: GoalHarness) -> None:
    goals.world.journal.actions.clear()
    await goals.pursuit.begin(ALICE, 5, 5.0)
    await goals.pursuit.turn()
    assert "no goal can be measured yet" in get_last_text(goals)


async def test_met_goals_and_no_goals_end_it(goals: GoalHarness) -> None:
    goals.world.journal.actions[:] = make_days(15, 9)
    await goals.pursuit.begin(ALICE, 5, 5.0)
    await goals.pursuit.turn()
    assert "every goal that can be measured is met." in get_last_text(goals)


async def test_only_listed_people_start_it_and_within_the_configured_limits(
    goals: GoalHarness,
) -> None:
    with pytest.raises(NotAuthorized):
        await goals.pursuit.begin(MALLORY, 1, 1.0)
    with pytest.raises(NotAuthorized):
        await goals.pursuit.end(MALLORY)
    for runs, usd in ((11, 1.0), (1, 10.5)):
        with pytest.raises(OutOfBounds, match="At most 10 runs"):
            await goals.pursuit.begin(ALICE, runs, usd)
