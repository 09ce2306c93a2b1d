"""A fault in guarded code: which run may touch it, and what it then takes to ship."""

from pathlib import Path

import pytest

from bot.authority.protection import Protection
from bot.domain.errors import OutOfBounds
from bot.domain.people import ITSELF
from bot.domain.run import Stage, Status
from tests.support.world import DORA, World

GUARDED = Protection.of(named=("cogs/dice.py",))
NAMING = "rolling dice, see cogs/dice.py,"


def _world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.protection = GUARDED
    return world


async def test_a_run_nobody_named_the_file_for_ends_at_its_plan_and_says_what_to_say(
    tmp_path: Path,
) -> None:
    world = _world(tmp_path)
    async with world.running() as agent:
        run = await world.ended((await agent.request(world.trigger())).id)
    assert (run.status, run.stage) == (Status.FAILED, Stage.PLAN)
    assert "`cogs/dice.py`: No run changes this file (named) unless a person names it" in run.reason
    assert world.engine.asked == []
    assert world.forge.merges == []


async def test_a_named_file_is_changed_and_ships_only_with_a_review(tmp_path: Path) -> None:
    world = _world(tmp_path)
    async with world.running() as agent:
        run = await world.proposed(agent, NAMING)
        with pytest.raises(OutOfBounds, match="security reviewed"):
            await agent.approve(world.word(run))
        await agent.approve(world.word(run, security_reviewed=True))
        assert (await world.ended(run.id)).status is Status.DONE
    assert len(world.forge.merges) == 1


async def test_what_the_bot_starts_by_itself_nobody_has_named(tmp_path: Path) -> None:
    world = _world(tmp_path)
    trigger = world.trigger(NAMING, person=ITSELF, own_words=False)
    trigger = trigger.but(origin="incident", incident="k3m9tq")
    async with world.running() as agent:
        run = await world.ended((await agent.start_itself(trigger)).id)
        assert (run.status, run.stage) == (Status.FAILED, Stage.PLAN)
        await agent.retry(run.id, DORA)  # who takes it over has not said that either
        await world.until(lambda now: now.attempt == 2 and now.ended, run.id)
    assert world.engine.asked == []


async def test_a_message_that_somebody_only_points_at_names_nothing(tmp_path: Path) -> None:
    world = _world(tmp_path)
    async with world.running() as agent:
        run = await agent.request(world.trigger(NAMING, own_words=False))
        run = await world.ended(run.id)
    assert (run.status, run.stage) == (Status.FAILED, Stage.PLAN)
