"""A step that was interrupted begins again at the commit it belongs to, wherever git was left."""

import asyncio
from pathlib import Path

from bot.domain.run import Stage, Status
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import AgentHarness
from tests.support.crash_point import CrashPoint
from tests.support.dice_project import is_broken
from tests.support.suspect_harness import SuspectHarness


class DeadlyVerifier(FakeVerifier):
    """A verifier that ends the program at one call, before it can answer."""

    def __init__(self, last: str, fuse: CrashPoint) -> None:
        super().__init__(broken=is_broken)
        self._last, self._fuse = last, fuse

    def _record_call(self, what: str) -> None:
        super()._record_call(what)
        if what == self._last:
            self._fuse.after = self._fuse.hits


async def _kill_at(world: AgentHarness, last: str) -> str:
    """Kill the program when it asks its verifier for that; return the run's id."""
    fuse, alive = CrashPoint(), world.verifier
    world.verifier = DeadlyVerifier(last, fuse)
    async with world.run_agent(fuse) as agent:
        run_id = (await agent.request(world.make_trigger(key="asked"))).id
        async with asyncio.timeout(10):
            while fuse.after is None or fuse.hits <= fuse.after:
                await world.clock.advance(0.25)
    world.verifier = alive
    return run_id


async def test_a_run_killed_while_planning_at_an_earlier_commit_reproduces_the_failure(
    tmp_path: Path,
) -> None:
    world = SuspectHarness(tmp_path)
    run_id = await _kill_at(world, "answer")
    assert (await world.store.get(run_id)).stage is Stage.PLAN
    async with world.run_agent():
        run = await world.wait_until_settled(run_id)
    assert run.status is Status.WAITING, run.reason
