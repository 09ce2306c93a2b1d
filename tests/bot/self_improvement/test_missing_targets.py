"""A run of a target that is not configured any more ends, and says why."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.targets import OpenedTargets
from bot.domain.errors import NotAuthorized
from bot.domain.run import Run, Status
from bot.domain.target_errors import TargetMissing
from bot.self_improvement.runs.transitions import create_run
from tests.support.agent_harness import PEOPLE, AgentHarness

GONE = "The target welcome is not in the configuration"


async def store_run(world: AgentHarness, run_id: str, **fields: object) -> Run:
    """Store a run of a target that was there when the run began."""
    trigger = world.make_trigger(key=run_id).replace(target="welcome")
    run = create_run(trigger, run_id, world.clock.now())
    created = await world.store.create(run)
    return await world.store.save(created.replace(**fields)) if fields else created


async def test_a_waiting_run_ends_at_the_next_start(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    run = await store_run(world, "abc123")
    async with world.run_agent():
        ended = await world.wait_until(lambda each: each.has_ended, run.id)
    assert ended.status is Status.FAILED
    assert GONE in ended.reason


async def test_a_queued_run_does_no_step_of_theseus(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent():
        await world.clock.advance(1)  # the look at all runs after a start is over
        run = await store_run(world, "abc123", status=Status.QUEUED, waiting=None)
        ended = await world.wait_until_ended(run.id)
    assert ended.status is Status.FAILED
    assert GONE in ended.reason
    assert (await world.store.get_history(run.id)).evidence is None


def refuse_target(world: AgentHarness) -> None:
    """Have the target in the configuration, but not to be worked on."""
    world.targets = OpenedTargets({}, {"welcome": "its folder is gone"})
    world.limits = replace(world.limits, target_people={"welcome": PEOPLE})


async def test_no_new_run_is_admitted(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    refuse_target(world)
    async with world.run_agent() as agent:
        with pytest.raises(TargetMissing, match="its folder is gone"):
            await agent.request(world.make_trigger().replace(target="welcome"))
        with pytest.raises(NotAuthorized):  # of a removed one, no one is known who may ask
            await agent.request(world.make_trigger().replace(target="removed"))
    assert await world.store.find(limit=5) == ()


async def test_a_run_of_a_missing_target_can_be_cancelled(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    refuse_target(world)
    run = await store_run(world, "abc123")
    async with world.run_agent() as agent:
        ended = await agent.cancel(run.id, world.make_trigger().person)
    assert ended.has_ended
