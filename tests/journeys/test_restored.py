"""The machine is lost while a proposal waits; what was backed up before goes on where it stood."""

import shutil
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteStore
from bot.app.restoration import Restoration
from bot.domain.audit import RESTORED
from tests.fakes.small_bot_repository import SPIN
from tests.support.page_reader import is_proposal
from tests.support.small_bot_harness import open_small_bot
from tests.support.state_folders import make_backup

pytestmark = pytest.mark.slow


async def test_a_run_that_waits_for_a_person_ships_after_a_restore_to_nothing(
    tmp_path: Path,
) -> None:
    async with open_small_bot(tmp_path) as world:
        thread, _ = await world.propose_fix(SPIN)
        state, run = world.workspace.state, world.get_run(thread)
        file = await make_backup(state, tmp_path / "elsewhere")  # while the bot runs
        await world.bot.__aexit__()
        shutil.rmtree(state)
        report = await Restoration(file, state).restore()
        assert report.old_state is None
        assert report.runs == len(world.list_runs()) == 1
        await world.bot.__aenter__()
        await world.wait_until_restarted(2)
        assert world.get_run(thread)["id"] == run["id"]
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_until_live(thread)
        await world.check_command(SPIN)
        assert world.list_pulls() == [(1, "merged")]
        assert len(world.list_merges()) == 1
        told = (await world.alice.read_transcript())[thread]
        assert sum(is_proposal(message) for message in told) == 1
        assert sum("live at" in message["content"].lower() for message in told) == 1
        assert len(world.list_audit_entries(RESTORED)) == 1
        async with SqliteStore(state / "theseus.sqlite3") as store:
            assert (await store.verify_audit_log()).broken is None
        await world.wait_until_clean()
