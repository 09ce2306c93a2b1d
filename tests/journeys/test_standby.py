"""The leader is killed in the middle of a run; the standby goes on, and nothing happens twice."""

import signal
import time
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.page_reader import get_text, is_from_bot, is_proposal
from tests.support.postgres_server import run_server
from tests.support.standby_harness import open_standby

pytestmark = pytest.mark.slow

A_WHILE = [{"run": ["sleep", "2"], "edits": [SPIN.edit], "summary": "mend spin"}]


async def test_the_standby_goes_on_with_the_run_and_hears_what_was_said_in_the_gap(
    tmp_path: Path,
) -> None:
    with run_server() as server:
        async with open_standby(tmp_path, server) as pair:
            world = pair.world
            alice = world.alice
            world.write_script({"spin": A_WHILE})
            await world.break_command(SPIN)
            said = await alice.person.say("dev", SPIN.report)
            await world.wait_until(lambda: world.list_runs()[-1]["stage"] == "execute", 60)
            old, session = pair.leading, pair.read_leader()["session_id"]
            start = time.perf_counter()
            pair.signal(old, signal.SIGKILL)
            asked = await alice.person.say("dev", "help")
            pressed = await alice.person.run("dev", "spin", number=1)
            print("answered", time.perf_counter() - start, pressed["result"])
            await pair.wait_for_epoch(2)
            assert pair.leading is not old
            thread = await alice.wait_for_thread(said)
            await alice.wait_for_proposal(thread)
            assert pair.read_leader()["session_id"] == session
            await alice.person.say(thread, "ship it")
            await alice.wait_until_live(thread)
            told = (await alice.read_transcript())[thread]
            assert sum(is_proposal(each) for each in told) == 1
            assert sum("live at" in each["content"].lower() for each in told) == 1
            assert world.list_pulls() == [(1, "merged")]
            assert len(world.list_merges()) == 1
            answers = await alice.person.list_messages("dev")
            print([get_text(each)[:60] for each in answers if is_from_bot(each)], asked["id"])
