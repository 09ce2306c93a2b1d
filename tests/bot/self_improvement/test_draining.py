"""An orderly shutdown: steps are finished or parked, and new requests are answered."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.errors import PolicyError
from bot.domain.run import Stage, Status
from tests.support.agent_harness import AgentHarness


async def test_a_step_is_finished_and_the_run_goes_on_in_the_next_process(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda _: bool(world.engine.asked), run.id)
        draining = asyncio.create_task(agent.drain(20))
        waiting = await agent.request(world.make_trigger("another", key="another"))
        assert not draining.done()
        world.engine.release()
        await draining
        kept = await world.store.get(run.id)
        assert (kept.status, kept.stage, kept.interruptions) == (Status.QUEUED, Stage.VERIFY, 0)
        assert (await world.store.get(waiting.id)).status is Status.QUEUED
    async with world.run_agent():
        assert (await world.wait_until_settled(run.id)).stage is Stage.SHIP
        assert not [text for text in world.list_texts(kept) if "I was restarted while" in text]


async def test_a_step_that_takes_too_long_is_parked_and_is_no_interruption(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda _: bool(world.engine.asked), run.id)
        draining = asyncio.create_task(agent.drain(20))
        await asyncio.sleep(0)
        await world.clock.advance(20)
        await draining
    kept = await world.store.get(run.id)
    assert (kept.status, kept.stage, kept.interruptions) == (Status.QUEUED, Stage.EXECUTE, 0)


async def test_who_asks_for_more_at_the_end_is_told_to_ask_again(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        await agent.drain(20, refuse="I am being stopped just now")
        with pytest.raises(PolicyError) as told:
            await agent.request(world.make_trigger())
    assert str(told.value) == (
        "I am being stopped just now, so I have not started this. Please ask again in a minute."
    )
