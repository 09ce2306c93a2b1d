"""With the state in PostgreSQL: its server is killed in the middle of a run; nothing is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.workspace import DemoWorkspace
from bot.domain.postgres_place import STATE_URL
from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import Cast, open_scripted_cast
from tests.support.page_reader import is_proposal
from tests.support.postgres_server import run_server
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

A_WHILE = [{"run": ["sleep", "2"], "edits": [SPIN.edit], "summary": "mend spin"}]
LOCAL = {"journal.sqlite3", "forge.sqlite3", "research.sqlite3"}


def is_executing(world: SmallBotHarness) -> bool:
    run = world.list_runs()[-1]
    return bool(run["stage"] == "execute" and run["status"] == "running")


def list_databases(folder: Path) -> set[str]:
    return {each.name for each in folder.rglob("*.sqlite3")}


async def test_a_run_goes_from_request_to_merge_though_the_server_is_away_for_a_while(
    tmp_path: Path,
) -> None:
    with run_server() as server:

        @asynccontextmanager
        async def make_cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
            async with open_scripted_cast(workspace, folder) as cast:
                yield replace(cast, variables={**cast.variables, STATE_URL: server.url})

        async with open_small_bot(tmp_path, make_cast) as world:
            alice = world.alice
            world.write_script({"spin": A_WHILE})
            await world.break_command(SPIN)
            asked = await alice.person.say("dev", SPIN.report)
            await world.wait_until(lambda: is_executing(world), 90)
            server.kill()
            # It may not send meanwhile: it cannot know whether it still leads.
            log = world.workspace.home / "bot.log"
            await world.wait_until(
                lambda: log.read_text("utf-8").count("cannot be reached") > 2, 60
            )
            server.start()
            thread = await alice.wait_for_thread(asked)
            await alice.wait_for_proposal(thread, timeout=120)
            await alice.person.say(thread, "ship it")
            await alice.wait_until_live(thread)
            await world.check_command(SPIN)
            assert world.list_pulls() == [(1, "merged")]
            assert len(world.list_merges()) == 1
            told = (await alice.read_transcript())[thread]
            assert sum(is_proposal(message) for message in told) == 1
            assert sum("live at" in message["content"].lower() for message in told) == 1
            assert world.bot.starts == 1
            assert list_databases(world.workspace.state) <= LOCAL
            await world.wait_until_clean()
