"""Code that blocks the event loop or answers late is named, with the line where it stood."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.server import LocalDiscord

from bot.domain.journal import Action, ActionOutcome, Kind
from tests.support.live_client import Home, LiveClient, run_client

COG = Path(__file__).parent / "slow_cog.py"
BLOCKED, LATE = (
    "theseus_observe.failures.delays.EventLoopBlocked",
    "theseus_observe.failures.delays.AnsweredTooLate",
)


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/slow.py", COG.read_text())
    async with run_client(home, local, block_seconds=1.2) as room:
        yield room


def check_delay(action: Action, exception: str, function: str) -> None:
    assert action.outcome is ActionOutcome.TIMEOUT
    assert action.error is not None
    assert action.error.exception == exception
    frame = action.error.innermost
    assert frame is not None
    assert (frame.file, frame.function) == ("cogs/slow.py", function)
    assert "seconds" in frame.arguments
    outside = {each.file for each in action.error.frames if not each.file.startswith("cogs/")}
    assert not outside, "what runs the event loop is no part of the failure"


async def test_what_blocks_the_event_loop_is_recorded_once(room: LiveClient) -> None:
    await room.alice.interact("dev", command="block_later", options={"seconds": 1.6})
    first = await room.journal.wait_for(Kind.COMMAND)
    check_delay(first, BLOCKED, "block")
    await room.alice.say("dev", "@Theseus hold 1.6")
    await room.journal.wait_for(Kind.COMMAND, lambda action: action.name == "hold")
    await room.alice.say("dev", "block")
    listener = await room.journal.wait_for(Kind.LISTENER)
    check_delay(listener, BLOCKED, "block")
    assert listener.name == "Slow.on_message"
    await room.alice.run("dev", "quick")
    commands = {each.name: each for each in await room.journal.list_by_kind(Kind.COMMAND)}
    assert len(await room.journal.list_by_kind(Kind.COMMAND)) == 3
    check_delay(commands["hold"], BLOCKED, "block")
    assert commands["quick"].outcome is ActionOutcome.OK


@pytest.mark.slow
async def test_an_answer_that_comes_too_late_names_where_the_command_stood(
    room: LiveClient,
) -> None:
    await room.alice.interact("dev", command="ask", options={"seconds": 3.3})
    late = await room.journal.wait_for(Kind.COMMAND)
    check_delay(late, LATE, "ask_slow_service")
    await room.alice.interact("dev", command="block", options={"seconds": 3.3})
    blocked = await room.journal.wait_for(Kind.COMMAND, lambda action: action.name == "block")
    check_delay(blocked, BLOCKED, "block")
    assert len(await room.journal.list_by_kind(Kind.COMMAND)) == 2
