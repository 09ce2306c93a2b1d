"""Killed at every port call, the agent continues and does nothing twice."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.run import Run, Status
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import ALICE, AgentHarness, is_broken
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed
from tests.support.suspect_harness import SuspectHarness

_STEP = 7  # moments between one kill and the next; over the seeds every moment comes up


def assert_kept_its_promises(world: AgentHarness, run: Run) -> None:
    """Check what must hold for a run however often the program was killed."""
    assert run.has_ended, run
    proposals = [(draft.run_id, draft.head) for draft in world.forge.drafts]
    assert len(proposals) == len(set(proposals))
    assert len(world.list_cards(run)) == len(set(world.list_cards(run))) <= 1
    assert len(world.forge.merges) <= 1
    assert len(world.list_final_keys(run)) == 1
    keys = [said.key for said in world.chat.messages]
    assert len(keys) == len(set(keys))
    assert not world.workspaces.leased


async def _ask_and_ship(world: AgentHarness, agent: AgentUnderTest, key: str) -> None:
    """Request and ship as people do, as far as the run allows; repeated requests change nothing."""
    run = await agent.request(world.make_trigger(key=key))
    run = await world.wait_until_settled(run.id)
    if run.status is Status.WAITING:
        await agent.approve(world.build_approval(run))
    await world.wait_until_ended(run.id)


async def _lived(world: AgentHarness, fuse: CrashPoint, key: str) -> bool:
    """Run the program with that fuse; return whether it lived to the end of the story."""
    async with world.run_agent(fuse) as agent:
        story = asyncio.create_task(_ask_and_ship(world, agent, key))
        async with asyncio.timeout(20):
            while not story.done():
                if fuse.after is not None and fuse.hits > fuse.after:
                    story.cancel()
                    await asyncio.wait([story])
                    if not story.cancelled():
                        story.exception()
                    return False
                await asyncio.sleep(0)
        error = story.exception()
        if isinstance(error, Killed):
            return False
        if error is not None:
            raise error
    return True


async def _story_length(folder: Path) -> int:
    world, fuse = SuspectHarness(folder), CrashPoint()
    assert await _lived(world, fuse, "asked")
    return fuse.hits


@pytest.mark.parametrize(
    "start",
    [pytest.param(at, marks=() if at == 0 else pytest.mark.slow) for at in range(_STEP)],
)
async def test_killed_at_any_moment_it_goes_on_and_does_nothing_twice(
    tmp_path: Path, start: int
) -> None:
    length = await _story_length(tmp_path / "whole")
    for moment in range(start, length, _STEP):
        world = SuspectHarness(tmp_path / str(moment))
        await _lived(world, CrashPoint(moment), "asked")
        assert await _lived(world, CrashPoint(), "asked"), moment
        [run] = await world.store.find()
        assert_kept_its_promises(world, run)
        assert run.status is Status.DONE, (moment, run.reason)
        assert len(world.forge.merges) == 1


async def _killed_at_work(world: AgentHarness) -> None:
    """Start the program, and kill it while the engine works."""
    fuse = CrashPoint()
    world.engine.working.clear()
    async with world.run_agent(fuse) as agent:
        await agent.request(world.make_trigger(key="asked"))
        await asyncio.wait_for(world.engine.working.wait(), 5)
        fuse.after = fuse.hits


async def test_killed_twice_at_the_same_stage_it_is_quarantined_and_says_so(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    await _killed_at_work(world)
    await _killed_at_work(world)
    async with world.run_agent() as agent:
        [run] = await world.store.find()
        run = await world.wait_until_ended(run.id)
        assert run.status is Status.QUARANTINED
        assert_kept_its_promises(world, run)
        assert [
            text for text in world.list_texts(run) if "restarted while writing the change" in text
        ]
        assert world.list_texts(run)[-1] == (
            f"☣️ Interrupted twice while writing the change; `/runs retry {run.id}` tries it again."
        )
        world.engine.release()
        await agent.retry(run.id, ALICE)
        assert (await world.wait_until_settled(run.id)).status is Status.WAITING


async def test_killed_once_at_each_of_two_stages_it_is_not_quarantined(tmp_path: Path) -> None:
    fuse = CrashPoint()

    class Fatal(FakeVerifier):
        def _record_call(self, what: str) -> None:
            super()._record_call(what)
            if what == "reproduction at base":
                fuse.after = fuse.hits

    world = AgentHarness(tmp_path)
    world.engine.hold()
    await _killed_at_work(world)
    world.engine.release()
    peaceful, world.verifier = world.verifier, Fatal(broken=is_broken)
    async with world.run_agent(fuse):
        async with asyncio.timeout(20):
            while fuse.after is None:
                await world.clock.advance(1)
    world.verifier = peaceful
    async with world.run_agent():
        [run] = await world.store.find()
        assert (await world.wait_until_settled(run.id)).status is Status.WAITING
        assert any("restarted while checking the change" in text for text in world.list_texts(run))
