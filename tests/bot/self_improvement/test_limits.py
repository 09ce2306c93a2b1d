"""A usage limit pauses a run until it ends; what cannot be waited for falls back."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.cost import Cost
from bot.domain.errors import (
    AgentError,
    AgentLimited,
    AgentMissing,
    AgentOutputInvalid,
    AgentOverloaded,
    AgentRefused,
    AgentSilent,
    AgentStuck,
    AgentUnauthorized,
    AgentUnavailable,
    BudgetSpent,
    NotAuthorized,
    TheseusError,
    WrongStage,
)
from bot.domain.journal import Kind
from bot.domain.run import Run, Stage, Status
from bot.domain.waits import format_timestamp
from bot.ports.agent import QuestionAsked
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_planner import FakePlanner
from tests.support.agent_harness import ALICE, BROKEN, FIX, MALLORY, AgentHarness

SPENT = Cost(cost_usd=0.5, tokens_in=1000, tokens_out=100)


def limited(world: AgentHarness, seconds: float | None = None) -> AgentLimited:
    """Return the error of a limit that ends in this many seconds, or at an unknown time."""
    until = None if seconds is None else world.clock.now() + timedelta(seconds=seconds)
    return AgentLimited("The account's usage limit is reached.", until=until)


def stand_in() -> FakeAgent:
    """Return an engine like the offline one."""
    return FakeAgent(FIX, name="offline", can_follow_instructions=False)


async def test_a_limit_with_a_time_pauses_until_then_says_so_and_goes_on(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent([limited(world, 3600), FIX], cost=SPENT)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until(lambda now: now.is_parked, run.id)
        assert (run.stage, run.lease_owner) == (Stage.EXECUTE, None)
        assert run.parked_until is not None
        stamp = f"<t:{run.parked_until.timestamp():.0f}:R>"
        told = await _told(world, run, "usage limit is reached")
        assert stamp in told
        await world.clock.advance(3600)
        assert len(world.engine.asked) == 1
        run = await world.wait_until_settled(run.id)
    assert (run.status, run.parked_until) == (Status.WAITING, None)
    assert world.engine.asked[1].resumed
    assert run.cost_usd == 2 * SPENT.cost_usd
    assert run.tokens_out == 2 * SPENT.tokens_out


@pytest.mark.parametrize(
    "error",
    [
        AgentLimited("The account's usage limit is reached."),
        AgentOverloaded("The model's provider is overloaded."),
        AgentSilent("The model sent nothing for 300 s."),
    ],
)
async def test_trouble_of_the_provider_is_waited_for_in_growing_steps_for_an_hour(
    tmp_path: Path, error: AgentError
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(error)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        waits: list[int] = []
        until = run.updated_at
        for _ in range(6):
            # before the sweep has looked it is still parked as it was
            run = await world.wait_until(
                lambda now: now.is_parked and now.waits > len(waits), run.id
            )
            assert run.parked_until is not None
            until = run.parked_until
            waits.append(round((run.parked_until - run.updated_at).total_seconds()))
            await world.clock.advance(waits[-1] + 6)
        run = await world.wait_until_ended(run.id)
    assert [seconds / 60 for seconds in waits] == [1, 2, 5, 10, 15, 25]
    assert len(world.engine.asked) == 7
    assert run.status is Status.FAILED
    assert f"`/runs retry {run.id}` tries again." in run.reason
    [pause] = [text for text in world.list_texts(run) if text.startswith("⏸️")]
    assert pause == f"⏸️ {error} I go on by myself {format_timestamp(until)}."


async def test_people_may_let_the_offline_engine_try_while_a_provider_is_overloaded(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(AgentOverloaded("The model's provider is overloaded."))
    world.fallback_engine = stand_in()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda now: now.is_parked, run.id)
        await _told(world, run, "is overloaded. I go on by myself")
        card = world.chat.find_by_key(f"{run.id}:card").post
        assert [each.action for each in card.buttons] == ["fallback", "cancel", "meant"]
        with pytest.raises(NotAuthorized):
            await agent.switch_engine(run.id, MALLORY)
        await agent.revise(run.id, ALICE, "also handle 0d6")
        await agent.switch_engine(run.id, ALICE)
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
        with pytest.raises(WrongStage):
            await agent.switch_engine(run.id, ALICE)
    assert history.change_set is not None
    assert history.change_set.engine == "offline"
    assert len(world.engine.asked) == 1
    (missing,) = history.change_set.not_done
    assert missing.about == "also handle 0d6"
    assert "follows no instructions" in missing.reason
    card = world.chat.find_by_key(f"{run.id}:card").post
    assert "fallback" not in [each.action for each in card.buttons]


async def test_where_no_other_engine_could_do_the_work_none_is_offered(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent([AgentOverloaded("The model's provider is overloaded."), FIX])
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda now: now.is_parked, run.id)
        with pytest.raises(WrongStage, match="does not wait for its engine"):
            await agent.switch_engine(run.id, ALICE)
        await world.clock.advance(61)
        await world.wait_until_settled(run.id)
    assert len(world.engine.asked) == 2


async def test_nobody_waits_longer_than_a_day(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(limited(world, 25 * 3600))
    world.fallback_engine = stand_in()
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    assert (await world.store.get_history(run.id)).change_set is not None
    assert len(world.engine.asked) == 1


async def test_a_paused_run_keeps_pausing_over_a_restart_and_can_be_cancelled(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent([limited(world, 3600), FIX])
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda now: now.is_parked, run.id)
        await _told(world, run, "usage limit")
    said = len(world.chat.messages)
    async with world.run_agent() as agent:
        await world.clock.advance(60)
        assert (await world.store.get(run.id)).is_parked
        assert len(world.chat.messages) == said
        ended = await agent.cancel(run.id, ALICE)
    assert ended.status is Status.CANCELLED


@pytest.mark.parametrize(
    "error",
    [
        AgentUnauthorized("The key is not accepted; set ANTHROPIC_API_KEY."),
        AgentRefused("The model declined."),
        AgentStuck("It went in circles."),
        AgentMissing("Claude Code is not installed."),
        AgentOutputInvalid("Its answer makes no sense."),
        BudgetSpent("The $2.00 of this call are spent."),
    ],
)
async def test_where_the_engine_fails_the_offline_engine_takes_over_and_says_why(
    tmp_path: Path, error: TheseusError
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(error, cost=SPENT)
    world.fallback_engine = stand_in()
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        history = await agent.get_history(run.id)
    assert f"⚠️ {error} The offline engine takes over." in world.list_texts(run)
    assert history.change_set is not None
    assert history.change_set.engine == "offline"
    assert run.cost_usd == SPENT.cost_usd
    [action] = [a for a in world.journal.actions if a.kind is Kind.RUN and a.error]
    assert (action.name, action.run_id) == ("execute", run.id)


async def test_who_stood_in_and_asked_something_gets_the_answer(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(AgentUnavailable("The model is down."))
    asks = QuestionAsked(text="Which?", default="3", choices=("3", "4"), memo="mine")
    world.fallback_engine = FakeAgent([asks, FIX], name="offline", can_follow_instructions=False)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until(lambda now: now.is_parked, run.id)
        with pytest.raises(WrongStage, match="“3” or “4”"):
            await agent.answer(run.id, ALICE, "who knows")
        await agent.answer(run.id, ALICE, "4 is right")
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert len(world.engine.asked) == 1
    answer, question = (
        world.fallback_engine.asked[-1].answer,
        world.fallback_engine.asked[-1].question,
    )
    assert answer is not None
    assert question is not None
    assert (answer.text, question.engine, question.memo) == ("4", "offline", "mine")
    assert history.change_set is not None
    assert history.change_set.engine == "offline"
    assert "💬 I go on with the answer of **alice**: 4." in world.list_texts(run)


async def test_an_engine_that_claims_to_be_done_and_changed_nothing_is_stood_in_for(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent({}, claims="All done!")
    world.fallback_engine = stand_in()
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    [told] = [text for text in world.list_texts(run) if "takes over" in text]
    assert "changed nothing, although it says: “All done!”" in told


async def test_who_stood_in_goes_on_in_the_rounds_that_follow(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(AgentUnauthorized("No key."))
    second = FakeAgent(
        {"cogs/dice.py": BROKEN + "\n# tried\n"}, FIX, name="offline", can_follow_instructions=False
    )
    world.fallback_engine = second
    async with world.run_agent() as agent:
        await world.propose_fix(agent)
    assert len(world.engine.asked) == 1
    assert [assignment.round for assignment in second.asked] == [1, 2]


async def test_without_a_stand_in_the_run_ends_with_the_errors_own_sentence_and_what_it_cost(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(BudgetSpent("The $2.00 of this call are spent."), cost=SPENT)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert world.list_texts(run)[-1].startswith(
        "❌ Stopped while writing the change: The $2.00 of this call are spent."
    )
    assert (run.status, run.cost_usd) == (Status.FAILED, SPENT.cost_usd)


async def test_what_a_cancelled_engine_spent_is_counted(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(FIX, cost=SPENT)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda _: world.engine.working.is_set(), run.id)
        card = world.chat.find_by_key(f"{run.id}:card").post.card
        assert card is not None
        assert "$0.50 of $6.00 · 1.1k tokens" in card.footer
        ended = await agent.cancel(run.id, ALICE)
    assert (ended.cost_usd, ended.tokens_in) == (SPENT.cost_usd, SPENT.tokens_in)


async def test_every_call_of_a_model_is_journalled_with_what_it_cost_however_it_ends(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.planner = FakePlanner(cause="Somebody counts from one.")
    world.engine = FakeAgent([limited(world, 60), FIX], cost=SPENT, name="claude")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    calls = [action for action in world.journal.actions if action.kind is Kind.MODEL]
    assert [(c.event, c.outcome, c.agent, c.tokens_in) for c in calls] == [
        ("model.plan", "ok", "fake (rules of thumb)", 200),
        ("model.execute", "error", "claude", 1000),
        ("model.execute", "ok", "claude", 1000),
    ]
    assert {call.run_id for call in calls} == {run.id}
    assert sum(call.cost_usd or 0 for call in calls) == pytest.approx(run.cost_usd)


# The planner


async def test_an_investigation_is_explained_by_the_planner_with_the_rules_facts(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.planner = FakePlanner(cause="Somebody counts from one.")
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(goal="investigate"))
        run = await world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
    assert history.diagnosis is not None
    assert history.diagnosis.cause == "Somebody counts from one."
    assert history.diagnosis.count == 3
    assert run.cost_usd == pytest.approx(0.01)
    assert not world.workspaces.leased


@pytest.mark.parametrize(
    "error", [AgentUnauthorized("No key."), BudgetSpent("Spent."), AgentLimited("Limited.")]
)
async def test_where_the_planner_fails_an_investigation_ends_with_the_rules_word(
    tmp_path: Path, error: TheseusError
) -> None:
    world = AgentHarness(tmp_path)
    world.planner = FakePlanner(error=error)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(goal="investigate"))
        run = await world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
    assert run.status is Status.DONE
    assert history.diagnosis is not None
    assert history.diagnosis.explained_by == ""
    assert f"⚠️ {error} I use the diagnosis of my rules." in world.list_texts(run)
    assert run.cost_usd == pytest.approx(0.005)


async def test_a_fix_asks_the_planner_once_for_diagnosis_and_plan(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    planner = FakePlanner(cause="Somebody counts from one.", solution="Count from zero.")
    world.planner = planner
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        history = await agent.get_history(run.id)
    assert len(planner.asked) == 1
    assert planner.asked[0].text == "rolling dice keeps crashing, fix it"
    assert history.plan is not None
    assert history.plan.solution == "Count from zero."
    assert history.plan.reproduction is not None
    assert history.diagnosis is not None
    assert history.diagnosis.cause == "Somebody counts from one."
    assert world.engine.asked[0].plan == history.plan
    assert run.cost_usd == pytest.approx(0.02)


@pytest.mark.parametrize("error", [AgentUnauthorized("No key."), BudgetSpent("Spent.")])
async def test_where_the_planner_fails_a_fix_goes_on_with_the_rules_plan(
    tmp_path: Path, error: AgentError
) -> None:
    world = AgentHarness(tmp_path)
    world.planner = FakePlanner(error=error)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    assert f"⚠️ {error} I use the plan of my rules." in world.list_texts(run)


async def test_a_planner_at_its_limit_is_waited_for(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.planner = FakePlanner(errors=[limited(world, 600)])
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until(lambda now: now.is_parked, run.id)
        assert run.stage is Stage.PLAN
        await world.clock.advance(610)
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert history.plan is not None
    assert history.plan.written_by


async def test_what_the_engine_was_granted_belongs_to_the_plan_it_is_checked_by(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    grant = {"file": "cogs/polls.py", "reason": "polls roll dice too"}
    world.engine = FakeAgent({**FIX, "cogs/polls.py": "SIDES = 6\n"}, granted=(grant,))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        history = await agent.get_history(run.id)
    assert history.plan is not None
    assert history.plan.steps[-1].summary == "Granted: polls roll dice too"
    assert history.verdict is not None
    assert history.verdict.is_passing


async def _told(world: AgentHarness, run: Run, words: str) -> str:
    await world.wait_until(lambda _: any(words in text for text in world.list_texts(run)), run.id)
    return next(text for text in world.list_texts(run) if words in text)
