"""A failure of another bot is fixed in that bot's repository, and nowhere else."""

from pathlib import Path

import pytest

from bot.domain.change import STARTS
from bot.domain.run import Status, Waiting
from tests.fakes.repositories import run_git
from tests.support.target_harness import (
    build_entry,
    make_target,
    open_world,
    run_target,
    write_settings,
)
from tests.support.thread_reader import is_waiting_or_ended


@pytest.mark.slow
async def test_a_failure_of_another_bot_is_fixed_in_its_own_repository(tmp_path: Path) -> None:
    repository = tmp_path / "welcome"
    base = make_target(repository)
    settings = write_settings(tmp_path, build_entry("welcome"))
    own = run_git(settings.root, "for-each-ref", "--format=%(objectname) %(refname)")
    await run_target(repository, "!share 6 0")
    async with open_world(tmp_path / "world", settings) as world:
        assert not world.targets.refusals
        async with world.run_agent() as agent:
            trigger = world.make_trigger("share").replace(target="welcome")
            asked = await agent.request(trigger)
            run = await world.wait_for(is_waiting_or_ended, asked.id, 60)
            assert run.waiting is Waiting.APPROVAL, (run.reason, world.list_texts(run))
            while not await world.has_card(run):
                await world.clock.advance(0.25)
                run = await world.store.get(run.id)
            history = await world.store.get_history(run.id)
            assert history.change_set is not None
            assert history.verdict is not None
            changed = [each.path for each in history.change_set.files]
            assert changed[0] == "games.py", changed
            (start,) = [each for each in history.verdict.checks if each.name == STARTS]
            assert start.status == "passed", start
            await agent.approve(world.build_approval(run))
            run = await world.wait_for(lambda each: each.has_ended, run.id, 60)
            assert run.status is Status.DONE, (run.reason, world.list_texts(run))
            shipment = (await world.store.get_history(run.id)).shipment
    assert shipment is not None
    assert shipment.live
    assert run_git(repository, "rev-parse", "main") == shipment.merge_commit
    assert run_git(repository, "merge-base", base, "main") == base
    assert "games.py" in run_git(repository, "diff", "--name-only", base, "main")
    refs = run_git(settings.root, "for-each-ref", "--format=%(objectname) %(refname)")
    assert refs == own
    assert world.workspaces.snapshots == {} or not world.forge.pulls
