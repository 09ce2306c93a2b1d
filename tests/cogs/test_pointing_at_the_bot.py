"""What the bot wrote itself is nobody's words, and the error somebody points at is meant."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from local_discord.person import Message

from bot.client._error_replies import format_error
from bot.domain.ids import shorten_id
from bot.domain.journal import Action
from bot.domain.run import Run, Status, Waiting
from tests.support.agent_harness import make_capsule, make_failure
from tests.support.change_harness import ChangeHarness
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

KEY = make_capsule(exception="KeyError", function="total", fingerprint="bbbbbbbbbbbb")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


async def bot_says(room: DevChannel, text: str, channel: int | None = None) -> Message:
    """Let the bot say something; return it as alice sees it."""
    where = room.client.get_channel(channel or room.local.dev_channel_id)
    assert isinstance(where, discord.abc.Messageable)
    said = await where.send(text)
    return await room["alice"].wait_for(str(said.channel.id), lambda m: m["id"] == str(said.id))


async def failed(room: DevChannel, action: Action, channel: int | None = None) -> Message:
    """Journal a failure; return the bot's message of it."""
    room.world.journal.append(action)
    return await bot_says(room, format_error("`/roll`", action), channel)


async def test_fix_this_on_its_own_error_message_is_nobodys_words(room: DevChannel) -> None:
    action = make_failure(room.world.clock)
    message = await failed(room, action)
    told = await room["dora"].use_menu("dev", "Fix this", message)
    assert "On it: <#" in await room.wait_for_answer("dora", told, "dev")
    run = await room.wait_for_proposal()
    assert (run.trigger.person.name, run.trigger.error_id) == ("dora", shorten_id(action.id))
    assert (run.trigger.statement, run.trigger.quotes_bot) == ("", True)
    [assignment] = room.world.engine.asked
    assert assignment.request == ""


@pytest.mark.parametrize("menu", ["Fix this", "Investigate this"])
async def test_no_menu_takes_the_bots_text_for_a_persons(room: DevChannel, menu: str) -> None:
    room.world.journal.append(make_failure(room.world.clock))
    message = await bot_says(room, "rolling dice keeps crashing")
    told = await room["dora"].use_menu("dev", menu, message)
    await room.wait_for_answer("dora", told, "dev")
    run = await room.wait_until(lambda run: run.trigger.person.name == "dora")
    assert (run.trigger.text, run.trigger.statement) == ("rolling dice keeps crashing", "")
    assert not run.trigger.is_verbatim


async def test_a_wish_in_the_bots_own_words_is_planned_as_such(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, make_harness=ChangeHarness) as room:
        message = await bot_says(room, "I could add a command /spin that spins a bottle")
        told = await room["dora"].use_menu("dev", "Make this happen", message)
        assert "On it: <#" in await room.wait_for_answer("dora", told, "dev")
        run = await room.wait_until(lambda run: run.waiting is Waiting.AGREEMENT)
        assert run.trigger.statement == ""
        assert isinstance(room.world, ChangeHarness)
        assert [each.quotes_bot for each in room.world.request_planner.asked] == [True]


async def test_a_persons_own_message_stays_their_words(room: DevChannel) -> None:
    room.world.journal.append(make_failure(room.world.clock))
    message = await room["dora"].say("dev", "rolling dice keeps crashing")
    told = await room["dora"].use_menu("dev", "Fix this", message)
    await room.wait_for_answer("dora", told, "dev")
    run = await room.wait_until(lambda run: run.goal == "fix")
    assert run.trigger.statement == "rolling dice keeps crashing"


async def investigated(room: DevChannel) -> Run:
    """Let alice have the failure of `/roll` looked into; return the run when it is over."""
    room.world.journal.append(make_failure(room.world.clock))
    await room["alice"].say("dev", "why does /roll crash?")
    return await room.wait_until(lambda run: run.status is Status.DONE)


async def test_in_the_thread_of_a_run_the_error_that_is_replied_to_is_meant(
    room: DevChannel,
) -> None:
    first = await investigated(room)
    other = make_failure(room.world.clock, KEY)
    message = await failed(room, other, first.thread_id)
    await room["alice"].say(str(first.thread_id), "fix this", reply_to=message)
    run = await room.wait_until(lambda run: run.id != first.id)
    assert run.trigger.error_id == shorten_id(other.id)
    assert (await room.world.store.get(first.id)).goal == "investigate"


async def test_in_its_thread_a_reply_to_the_same_error_goes_on_from_the_investigation(
    room: DevChannel,
) -> None:
    first = await investigated(room)
    action = next(each for each in room.world.journal.actions if each.error)
    message = await bot_says(room, format_error("`/roll`", action), first.thread_id)
    await room["alice"].say(str(first.thread_id), "fix this", reply_to=message)
    run = await room.wait_until(lambda run: run.goal == "fix")
    assert run.id == first.id
