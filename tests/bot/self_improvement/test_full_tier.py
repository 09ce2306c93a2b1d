"""The full checks run between a person's approval and the merge."""

from dataclasses import replace
from pathlib import Path

from bot.domain.run import Run, Stage, Status
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import BOB, AgentHarness, is_broken
from tests.support.agent_under_test import AgentUnderTest


def _world(folder: Path, *, passes: bool) -> AgentHarness:
    """Return a world whose full checks pass on base, and on the change if they do at all."""
    world = AgentHarness(folder)
    full = {"all tests": lambda root: passes or is_broken(root)}
    world.verifier = FakeVerifier(broken=is_broken, full=full)
    return world


async def _shipped_or_back(world: AgentHarness, agent: AgentUnderTest, run: Run) -> Run:
    """Say "ship it", and return the run once it has ended or waits with a reason."""
    await agent.approve(world.build_approval(run))
    return await world.wait_until(lambda now: now.has_ended or bool(now.reason), run.id)


async def test_what_passes_the_full_checks_is_merged_after_them(tmp_path: Path) -> None:
    world = _world(tmp_path, passes=True)
    async with world.run_agent() as agent:
        run = await _shipped_or_back(world, agent, await world.propose_fix(agent))
        history = await agent.get_history(run.id)
    assert run.status is Status.DONE
    assert world.verifier.ran.count("full checks") == 1
    assert history.full_tier is not None
    assert history.proposal is not None
    assert history.full_tier.head == history.proposal.head
    assert [check.name for check in history.full_tier.checks] == ["all tests"]


async def test_what_fails_them_is_not_merged_and_the_thread_gets_the_output(
    tmp_path: Path,
) -> None:
    world = _world(tmp_path, passes=False)
    async with world.run_agent() as agent:
        run = await _shipped_or_back(world, agent, await world.propose_fix(agent))
        await world.wait_until(
            lambda _: any("Not shipped" in text for text in world.list_texts(run)), run.id
        )
    assert (run.status, run.stage) == (Status.WAITING, Stage.SHIP)
    assert run.reason == "Not shipped: full checks fail (all tests failed)."
    assert world.forge.merges == []
    told = next(said for said in world.chat.messages if "Not shipped" in said.post.text)
    assert [file.name for file in told.post.attachments] == ["all-tests.log"]


async def test_what_fails_on_base_too_is_said_not_to_be_the_fault_of_the_change(
    tmp_path: Path,
) -> None:
    world = _world(tmp_path, passes=False)
    world.verifier.full["types"] = lambda _root: False
    async with world.run_agent() as agent:
        run = await _shipped_or_back(world, agent, await world.propose_fix(agent))
        both = await agent.get_history(run.id)
        world.verifier.full["all tests"] = lambda _root: True
        await agent.approve(world.build_approval(run, BOB))
        run = await world.wait_until(lambda now: "(types failed)" in now.reason, run.id)
    assert both.full_tier is not None
    assert both.full_tier.failing_before == ("types",)
    assert world.forge.merges == []
    assert run.reason.startswith("Not shipped: full checks fail (types failed). That fails on base")
    assert "not this change's fault" in run.reason
    assert "`theseus doctor`" in run.reason


async def test_another_word_runs_them_again_and_ships_what_passes_then(tmp_path: Path) -> None:
    world = _world(tmp_path, passes=False)
    async with world.run_agent() as agent:
        run = await _shipped_or_back(world, agent, await world.propose_fix(agent))
        world.verifier.full["all tests"] = lambda _root: True
        await agent.approve(world.build_approval(run, BOB))
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert len(world.forge.merges) == 1


async def test_a_forge_that_runs_them_itself_is_left_to_it(tmp_path: Path) -> None:
    world = _world(tmp_path, passes=False)
    world.limits = replace(world.limits, full_tier=False)
    async with world.run_agent() as agent:
        run = await _shipped_or_back(world, agent, await world.propose_fix(agent))
    assert run.status is Status.DONE
    assert "full checks" not in world.verifier.ran
