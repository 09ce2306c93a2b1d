"""A failure of another bot is fixed in that bot's repository, and nowhere else."""

import sys
from pathlib import Path

import pytest

from bot.domain.change import STARTS
from bot.domain.run import Run, Status, Waiting
from bot.ports.forge import Forge
from tests.fakes.repositories import run_git
from tests.support.agent_under_test import AgentUnderTest
from tests.support.target_harness import (
    COG_BOT,
    COG_WORKED,
    TargetHarness,
    build_entry,
    make_target,
    open_world,
    run_target,
    write_settings,
)
from tests.support.thread_reader import is_waiting_or_ended

PATIENCE = 180.0
DEPLOY = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.environ[sys.argv[2]])"


@pytest.mark.slow
async def test_a_failure_of_another_bot_is_fixed_in_its_own_repository(tmp_path: Path) -> None:
    repository, deployed = tmp_path / "welcome", tmp_path / "deployed"
    base = make_target(repository)
    command = [sys.executable, "-c", DEPLOY, str(deployed), "THESEUS_COMMIT"]
    deployment = {"kind": "command", "command": command}
    entry = build_entry("welcome", live="journal", deployment=deployment)
    settings = write_settings(tmp_path, entry)
    own = list_refs(settings.root)
    await run_target(repository, "!share 6 0")
    async with open_world(tmp_path / "world", settings) as world:
        assert not world.targets.refusals
        async with world.run_agent() as agent:
            run = await propose(world, agent)
            await agent.approve(world.build_approval(run))
            run = await world.wait_for(lambda each: each.has_ended, run.id, PATIENCE)
            assert run.status is Status.DONE, (run.reason, world.list_texts(run))
            shipment = (await world.store.get_history(run.id)).shipment
            assert shipment is not None
            assert "once its journal shows the commit" in shipment.undeployed
            assert run_git(repository, "rev-parse", "main") == shipment.merge_commit
            assert deployed.read_text() == shipment.merge_commit

            await run_target(repository, "!share 6 0")  # as its service would start it again
            live = f"`{shipment.merge_commit[:7]}` is live now"
            await world.wait_for(
                lambda each: any(live in text for text in world.list_texts(each)), run.id, PATIENCE
            )
        theirs = await world.targets.injectors["welcome"].get(Forge).find(run.id)
        assert theirs is not None
        assert theirs.title.startswith("fix: ")  # as their commits are written
        assert await world.forge.find(run.id) is None
    changed = run_git(repository, "diff", "--name-only", base, "main").splitlines()
    assert changed[0] == "games.py"
    assert list_refs(settings.root) == own


async def propose(world: TargetHarness, agent: AgentUnderTest) -> Run:
    """Ask for a fix; return the run once it waits for an approval."""
    asked = await agent.request(world.make_trigger("share").replace(target="welcome"))
    run = await world.wait_for(is_waiting_or_ended, asked.id, PATIENCE)
    assert run.waiting is Waiting.APPROVAL, (run.reason, world.list_texts(run))
    while not await world.has_card(run):
        await world.clock.advance(0.25)
        run = await world.store.get(run.id)
    verdict = (await world.store.get_history(run.id)).verdict
    assert verdict is not None
    (start,) = [each for each in verdict.checks if each.name == STARTS]
    assert start.status == "passed", start
    assert verdict.behaviour is not None
    assert "not recorded" in verdict.behaviour.unplayed
    return run


@pytest.mark.slow
async def test_a_command_that_no_test_can_call_is_proven_by_a_replay(tmp_path: Path) -> None:
    repository = tmp_path / "welcome"
    make_target(repository, COG_BOT, {"sharing.py": COG_WORKED})
    paths = {"free": ["sharing.py"]}
    settings = write_settings(tmp_path, build_entry("welcome", paths=paths))
    await run_target(repository, "!share 6 0")
    async with open_world(tmp_path / "world", settings) as world, world.run_agent() as agent:
        run = await propose(world, agent)
        history = await world.store.get_history(run.id)
    assert history.plan is not None
    assert history.plan.replay is not None
    assert history.plan.replay.asked == "says “!share 6 0”"
    assert history.verdict is not None
    assert history.change_set is not None
    assert history.verdict.passing_on_head is not None
    assert history.verdict.passing_on_head.status == "passed"
    assert [each.path for each in history.change_set.files] == ["sharing.py"]


def list_refs(folder: Path) -> str:
    return run_git(folder, "for-each-ref", "--format=%(objectname) %(refname)")
