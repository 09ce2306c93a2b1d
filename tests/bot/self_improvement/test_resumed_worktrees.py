"""A step that was interrupted begins again at the commit it belongs to, wherever git was left."""

import asyncio
from pathlib import Path

from bot.domain.run import Stage, Status
from tests.support.kill_at import Fuse
from tests.support.suspected_world import SuspectedWorld
from tests.support.world import World


async def _kill_at(world: World, asked: str) -> str:
    """Kill the program while the verifier does what it was `asked`; return the run's id."""
    fuse = Fuse()
    async with world.running(fuse) as agent:
        run_id = (await agent.request(world.trigger(key="asked"))).id
        async with asyncio.timeout(10):
            while asked not in world.verifier.ran:
                await asyncio.sleep(0)
        fuse.after = fuse.burnt
    return run_id


async def test_a_run_killed_while_planning_at_an_earlier_commit_reproduces_the_failure(
    tmp_path: Path,
) -> None:
    world = SuspectedWorld(tmp_path)
    run_id = await _kill_at(world, "answer")
    assert (await world.store.get(run_id)).stage is Stage.PLAN
    async with world.running():
        run = await world.settled(run_id)
    assert run.status is Status.WAITING, run.reason


async def test_a_head_is_checked_as_it_is_after_a_kill_while_base_was_checked(
    tmp_path: Path,
) -> None:
    world = SuspectedWorld(tmp_path)
    run_id = await _kill_at(world, "reproduction at base")
    run = await world.store.get(run_id)
    assert run.stage is Stage.VERIFY
    history = await world.store.history(run_id)
    assert history.change_set is not None
    async with world.workspaces.lend(run_id, base=history.change_set.base) as workspace:
        await workspace.reset(workspace.base)  # as a check that goes back to base would leave it
    async with world.running():
        run = await world.settled(run_id)
    assert run.status is Status.WAITING, run.reason
