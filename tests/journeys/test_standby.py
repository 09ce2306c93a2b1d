"""Two processes on one state: the leader is killed, then stopped; nothing is lost or done twice."""

import signal
from pathlib import Path

import pytest
from local_discord.person import Message

from tests.fakes.small_bot_repository import SPIN
from tests.support.page_reader import get_text, is_from_bot, is_proposal
from tests.support.postgres_server import run_server
from tests.support.standby_harness import StandbyHarness, open_standby

pytestmark = pytest.mark.slow

A_WHILE = [{"run": ["sleep", "2"], "edits": [SPIN.edit], "summary": "mend spin"}]
HELP = "Something is broken"


async def test_the_standby_goes_on_and_a_leader_that_wakes_up_can_do_nothing(
    tmp_path: Path,
) -> None:
    with run_server() as server:
        async with open_standby(tmp_path, server) as pair:
            world, alice = pair.world, pair.world.alice
            world.write_script({"spin": A_WHILE})
            await world.break_command(SPIN)
            said = await alice.person.say("dev", SPIN.report)
            await world.wait_until(lambda: world.list_runs()[-1]["stage"] == "execute", 60)
            first, session = pair.leading, pair.read_leader()["session_id"]

            pair.send_signal(first, signal.SIGKILL)
            await alice.person.say("dev", "help")  # nobody hears it now
            thread = await alice.wait_for_thread(said)
            await alice.wait_for_proposal(thread)
            assert pair.leading is not first
            assert pair.read_leader()["session_id"] == session
            await _wait_for_answers(pair, 1)

            second = pair.leading
            await pair.wait_until_standing_by(first)
            pair.send_signal(second, signal.SIGSTOP)
            await alice.person.say("dev", "help")
            await alice.person.say(thread, "ship it")
            await pair.wait_for_epoch(3)
            starts = second.starts
            pair.send_signal(second, signal.SIGCONT)  # and it would answer and ship, too
            await alice.wait_until_live(thread)
            await _wait_for_answers(pair, 2)
            await world.wait_until(lambda: second.starts > starts, 60)  # it has ended itself
            assert pair.read_leader()["session_id"] == session

            await world.check_command(SPIN)
            told = (await alice.read_transcript())[thread]
            assert sum(is_proposal(each) for each in told) == 1
            assert sum("live at" in each["content"].lower() for each in told) == 1
            assert world.list_pulls() == [(1, "merged")]
            assert len(world.list_merges()) == 1
            assert len(world.list_runs()) == 1
            assert len(world.list_audit_entries()) == 1
            assert len(await _list_answers(pair)) == 2


async def _list_answers(pair: StandbyHarness) -> list[Message]:
    told = await pair.world.alice.person.list_messages("dev")
    return [each for each in told if is_from_bot(each) and HELP in get_text(each)]


async def _wait_for_answers(pair: StandbyHarness, count: int) -> None:
    if len(await _list_answers(pair)) < count:
        newest = (await pair.world.alice.person.list_messages("dev"))[-1]
        await pair.world.alice.person.wait_for(
            "dev",
            lambda each: int(each["id"]) > int(newest["id"]) and HELP in get_text(each),
            60,
        )
    assert len(await _list_answers(pair)) == count
