"""Pause and resume, said in words and by command, by listed people only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.dev_channel import DevChannel, get_reply_text, open_dev_channel, wait_for_message


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


async def test_in_words(room: DevChannel) -> None:
    bot, gate = f"<@{room.local.bot_user_id}>", room.agent.autonomy
    await room["dora"].say("dev", f"{bot} pause for 2 hours")
    told = await wait_for_message(room, "⏸️")
    assert told.startswith("⏸️ **dora** has paused my own work. It resumes on its own <t:")
    pause = await gate.blocks.find_pause()
    assert pause is not None
    assert pause.until is not None
    left = pause.until - room.world.clock.now()
    assert timedelta(minutes=119) < left <= timedelta(hours=2)
    refused = await get_reply_text(room, await room["mallory"].say("dev", f"{bot} resume"))
    assert refused.startswith("Sorry mallory")
    assert await gate.blocks.find_pause() == pause
    await room["bob"].say("dev", f"{bot} resume")
    assert await wait_for_message(room, "▶️") == "▶️ **bob** has resumed my own work."
    again = await get_reply_text(room, await room["bob"].say("dev", f"{bot} resume"))
    assert again == "My own work is not paused."
    odd = await get_reply_text(room, await room["bob"].say("dev", f"{bot} pause until 25:00"))
    assert "I do not understand “25:00” as a time. Write, for example, “2 hours”" in odd
    assert await gate.blocks.find_pause() is None


async def test_by_command(room: DevChannel) -> None:
    gate = room.agent.autonomy
    refused = await room["mallory"].run("dev", "pause")
    assert await gate.blocks.find_pause() is None, refused
    await room["alice"].run("dev", "pause", until="tomorrow", why="a release")
    told = await wait_for_message(room, "⏸️")
    assert told.startswith("⏸️ **alice** has paused my own work: a release. It resumes on its own")
    await room["dora"].run("dev", "resume")
    assert await wait_for_message(room, "▶️") == "▶️ **dora** has resumed my own work."
    assert await gate.blocks.find_pause() is None
