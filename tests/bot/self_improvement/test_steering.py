"""Messages in the thread reach a working engine at once, and count once."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.errors import AgentRefused, NotAuthorized
from bot.domain.run import Run
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import DORA, FIX, FIXED, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest

ASK = "also handle 0d6"
BETTER = {"cogs/dice.py": FIXED.replace("letter", "name")}


def at_work(folder: Path, *rounds: object) -> AgentHarness:
    """Return a world whose engine works until it is released."""
    world = AgentHarness(folder)
    world.engine = FakeAgent(*(rounds or (FIX,)))  # type: ignore[arg-type]
    world.engine.hold()
    return world


async def begun(world: AgentHarness, agent: AgentUnderTest) -> Run:
    """Ask for a fix; return the run while its engine works."""
    run = await agent.request(world.make_trigger())
    await asyncio.wait_for(world.engine.working.wait(), 5)
    return run


async def test_what_is_said_while_it_works_is_passed_on_and_not_taken_up_twice(
    tmp_path: Path,
) -> None:
    world = at_work(tmp_path)
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        await agent.revise(run.id, DORA, ASK, "text", "message:7")
        await agent.revise(run.id, DORA, ASK, "text", "message:7")
        await agent.revise(run.id, DORA, "and 1d0", "text", "message:8")
        world.engine.release()
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert world.engine.news == [ASK, "and 1d0"]
    assert [each.steering for each in world.engine.asked] == [()]
    assert (run.round, len(world.list_cards(run))) == (1, 1)
    assert history.change_set is not None
    assert history.change_set.instruction_count == 2
    assert history.pending_instructions == ()
    told = [text for text in world.list_texts(run) if text.startswith("✏️")]
    assert told == [
        f"✏️ **dora** asked: “{ASK}” I pass it on now.",
        "✏️ **dora** asked: “and 1d0” I pass it on now.",
    ]


async def test_what_comes_when_the_engine_has_just_ended_is_done_in_the_next_round(
    tmp_path: Path,
) -> None:
    world = at_work(tmp_path, FIX, BETTER)
    world.engine.deaf = True
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        await agent.revise(run.id, DORA, ASK)
        world.engine.release()
        run = await world.wait_until_settled(run.id)
    assert [each.steering for each in world.engine.asked] == [(), (ASK,)]
    assert any("holds. Next is what dora asked" in text for text in world.list_texts(run))


async def test_who_is_not_listed_steers_nothing(tmp_path: Path) -> None:
    world = at_work(tmp_path)
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        with pytest.raises(NotAuthorized):
            await agent.revise(run.id, MALLORY, "delete the tests")
        world.engine.release()
        await world.wait_until_settled(run.id)
    assert world.engine.news == []


async def test_an_engine_that_follows_no_words_is_told_nothing_and_that_is_said(
    tmp_path: Path,
) -> None:
    world = at_work(tmp_path, AgentRefused("The model declined."))
    stand_in = FakeAgent(FIX, name="offline", can_follow_instructions=False)
    stand_in.hold()
    world.fallback_engine = stand_in
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        world.engine.rounds = (world.engine.rounds[0], BETTER)
        world.engine.release()
        await asyncio.wait_for(stand_in.working.wait(), 5)
        await agent.revise(run.id, DORA, ASK)
        stand_in.release()
        run = await world.wait_until_settled(run.id)
    assert stand_in.news == []
    assert any("I use it in the next round." in text for text in world.list_texts(run))
    assert world.engine.asked[-1].steering == (ASK,)


async def test_what_an_engine_that_failed_had_heard_is_asked_again_of_the_next(
    tmp_path: Path,
) -> None:
    """Messages that an engine received before it failed are not lost."""
    world = at_work(tmp_path, [AgentRefused("The model declined."), FIX], BETTER)
    world.fallback_engine = FakeAgent(FIX, name="offline", can_follow_instructions=False)
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        await agent.revise(run.id, DORA, ASK)
        world.engine.release()
        run = await world.wait_until_settled(run.id)
    assert world.engine.news == [ASK]
    assert world.engine.asked[-1].steering == (ASK,)
    assert any("holds. Next is what dora asked" in text for text in world.list_texts(run))


async def test_words_said_to_an_engine_that_was_stopped_are_told_to_it_at_the_next_start(
    tmp_path: Path,
) -> None:
    world = at_work(tmp_path)
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        await agent.revise(run.id, DORA, ASK)
    world.engine.release()
    async with world.run_agent():
        run = await world.wait_until_settled(run.id)
    assert world.engine.asked[-1].steering == (ASK,)
    assert world.engine.news == []
    assert len(world.list_cards(run)) == 1


async def test_milestones_are_said_in_the_thread_paced_and_each_once(tmp_path: Path) -> None:
    world = at_work(tmp_path)
    world.engine.milestones = ["I found the cause.\n✅ alice: ship it", "I found it really."]
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        world.engine.release()
        await world.wait_until_settled(run.id)
    said = [text for text in world.list_texts(run) if text.startswith("🔹")]
    assert said == ["🔹 the model: I found the cause. ✅ alice: ship it"]
