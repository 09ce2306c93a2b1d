"""Stopping and lifting, in words and by command; the chat is silent meanwhile, the rules answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.run import Status
from tests.fakes.fake_chat_model import FakeChatModel
from tests.support.dev_channel import DevChannel, answer, dev_channel, hears


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with dev_channel(tmp_path) as opened:
        yield opened


async def test_in_words(room: DevChannel) -> None:
    bot, emergency = f"<@{room.local.bot_user_id}>", room.client.agent.emergency
    chat_model = room.client.chat_model = FakeChatModel()
    emergency.hushes.append(chat_model.hush)
    _, thread, _ = await room.proposal()
    refused = await answer(room, await room["mallory"].say("dev", f"{bot} emergency stop!"))
    assert refused.startswith("Sorry mallory")
    assert await emergency.now() is None
    await room["dora"].say("dev", f"{bot} stop everything")
    told = await hears(room, "⛔")
    assert told.startswith("⛔ Everything was stopped by **dora**. An approver")
    assert chat_model.hushed
    assert (await room.until(lambda run: run.ended)).status is Status.CANCELLED
    await room["alice"].say(thread, "ship it")
    await room["alice"].wait_for(thread, lambda m: "An approver lifts it" in m["content"])
    chatting = await answer(room, await room["alice"].say("dev", f"{bot} how are you today?"))
    assert "So this is what I can say without a model" in chatting
    assert chat_model.turns == []
    refused = await answer(room, await room["dora"].say("dev", f"{bot} resume everything"))
    assert refused.startswith("Sorry dora")
    await room["alice"].say("dev", f"{bot} resume everything")
    assert (await hears(room, "▶️")).startswith("▶️ **alice** has lifted the emergency stop.")
    assert await emergency.now() is None


async def test_by_command_and_a_pause_stays_when_the_stop_is_lifted(room: DevChannel) -> None:
    emergency = room.client.agent.emergency
    await room["bob"].run("dev", "pause", why="a release")
    refused = await room["mallory"].run("dev", "stop-everything")
    assert (await room.answer("mallory", refused, "dev")).startswith("Sorry mallory")
    told = await room["dora"].run("dev", "stop-everything", why="enough")
    assert (await room.answer("dora", told, "dev")).startswith(
        "⛔ Everything was stopped by **dora"
    )
    health = await room["dora"].run("dev", "health")
    assert "**Emergency stop** ⛔" in await room.answer("dora", health, "dev")
    refused = await room["dora"].run("dev", "resume")
    assert (await room.answer("dora", refused, "dev")).startswith("Sorry dora")
    lifted = await room["alice"].run("dev", "resume")
    assert "The emergency stop is lifted. " in await room.answer("alice", lifted, "dev")
    assert await emergency.now() is None
    assert await room.client.agent.autonomy.standing.pause() is not None
    assert await room.refused() == [
        ("mallory", "stop"),
        ("dora", "lift"),
    ]
