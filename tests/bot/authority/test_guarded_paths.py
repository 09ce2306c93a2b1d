"""A fault in guarded code: which run may touch it, and what it then takes to ship."""

from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.domain.errors import OutOfBounds
from bot.domain.people import ITSELF
from bot.domain.run import Stage, Status
from tests.support.agent_harness import DORA, AgentHarness

GUARDED = Protection.create(named=("cogs/dice.py",))
NAMING = "rolling dice, see cogs/dice.py,"


def _world(tmp_path: Path) -> AgentHarness:
    world = AgentHarness(tmp_path)
    world.protection = GUARDED
    return world


async def test_a_run_nobody_named_the_file_for_ends_at_its_plan_and_says_what_to_say(
    tmp_path: Path,
) -> None:
    world = _world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.request(world.make_trigger())).id)
    assert (run.status, run.stage) == (Status.FAILED, Stage.PLAN)
    assert (
        "`cogs/dice.py`: No run may change this file (named) unless a person names it" in run.reason
    )
    assert world.engine.asked == []
    assert world.forge.merges == []


async def test_a_named_file_is_changed_and_ships_only_with_a_review(tmp_path: Path) -> None:
    world = _world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent, NAMING)
        with pytest.raises(OutOfBounds, match="security reviewed"):
            await agent.approve(world.build_approval(run))
        await agent.approve(world.build_approval(run, security_reviewed=True))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
    assert len(world.forge.merges) == 1


async def test_what_the_bot_starts_by_itself_nobody_has_named(tmp_path: Path) -> None:
    world = _world(tmp_path)
    trigger = world.make_trigger(NAMING, person=ITSELF, is_verbatim=False)
    trigger = trigger.replace(origin="incident", incident="k3m9tq")
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.start_itself(trigger)).id)
        assert (run.status, run.stage) == (Status.FAILED, Stage.PLAN)
        await agent.retry(run.id, DORA)  # who takes it over has not said that either
        await world.wait_until(lambda now: now.attempt == 2 and now.has_ended, run.id)
    assert world.engine.asked == []


async def test_a_message_that_somebody_only_points_at_names_nothing(tmp_path: Path) -> None:
    world = _world(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(NAMING, is_verbatim=False))
        run = await world.wait_until_ended(run.id)
    assert (run.status, run.stage) == (Status.FAILED, Stage.PLAN)
