"""Stopping and lifting, in words and by command; the chat is silent meanwhile, the rules answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.run import Status
from bot.ports.chat_model import ChatModel
from tests.fakes.fake_chat_model import FakeChatModel
from tests.support.dev_channel import DevChannel, get_reply_text, open_dev_channel, wait_for_message


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


async def test_in_words(room: DevChannel) -> None:
    bot, emergency = f"<@{room.local.bot_user_id}>", room.agent.emergency
    room.services.add(chat_model := FakeChatModel(), ChatModel)
    room.world.shutdown_hooks.append(chat_model.cancel_turns)
    _, thread, _ = await room.request_proposal()
    refused = await get_reply_text(room, await room["mallory"].say("dev", f"{bot} emergency stop!"))
    assert refused.startswith("Sorry mallory")
    assert await emergency.get_stop() is None
    await room["dora"].say("dev", f"{bot} stop everything")
    told = await wait_for_message(room, "⛔")
    assert told.startswith("⛔ Everything was stopped by **dora**. An approver")
    assert chat_model.hushed
    assert (await room.wait_until(lambda run: run.has_ended)).status is Status.CANCELLED
    await room["alice"].say(thread, "ship it")
    await room["alice"].wait_for(thread, lambda m: "An approver lifts it" in m["content"])
    chatting = await get_reply_text(
        room, await room["alice"].say("dev", f"{bot} how are you today?")
    )
    assert "Without a model, I can say this" in chatting
    assert chat_model.turns == []
    refused = await get_reply_text(room, await room["dora"].say("dev", f"{bot} resume everything"))
    assert refused.startswith("Sorry dora")
    await room["alice"].say("dev", f"{bot} resume everything")
    assert (await wait_for_message(room, "▶️")).startswith(
        "▶️ **alice** has lifted the emergency stop."
    )
    assert await emergency.get_stop() is None


async def test_by_command_and_a_pause_stays_when_the_stop_is_lifted(room: DevChannel) -> None:
    emergency = room.agent.emergency
    await room["bob"].run("dev", "pause", why="a release")
    refused = await room["mallory"].run("dev", "stop-everything")
    assert (await room.wait_for_answer("mallory", refused, "dev")).startswith("Sorry mallory")
    told = await room["dora"].run("dev", "stop-everything", why="enough")
    assert (await room.wait_for_answer("dora", told, "dev")).startswith(
        "⛔ Everything was stopped by **dora"
    )
    health = await room["dora"].run("dev", "health")
    assert "**Emergency stop** ⛔" in await room.wait_for_answer("dora", health, "dev")
    refused = await room["dora"].run("dev", "resume")
    assert (await room.wait_for_answer("dora", refused, "dev")).startswith("Sorry dora")
    lifted = await room["alice"].run("dev", "resume")
    assert "The emergency stop is lifted. " in await room.wait_for_answer("alice", lifted, "dev")
    assert await emergency.get_stop() is None
    assert await room.agent.autonomy.blocks.find_pause() is not None
    assert await room.list_refused() == [
        ("mallory", "stop"),
        ("dora", "lift"),
    ]
