"""Pause and resume, said in words and by command, by listed people only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.dev_channel import DevChannel, answer, dev_channel, hears


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with dev_channel(tmp_path) as opened:
        yield opened


async def test_in_words(room: DevChannel) -> None:
    bot, gate = f"<@{room.local.bot_user_id}>", room.client.agent.autonomy
    await room["dora"].say("dev", f"{bot} pause for 2 hours")
    told = await hears(room, "⏸️")
    assert told.startswith("⏸️ **dora** has paused my own work. It goes on by itself <t:")
    pause = await gate.standing.pause()
    assert pause is not None
    assert pause.until is not None
    left = pause.until - room.world.clock.now()
    assert timedelta(minutes=119) < left <= timedelta(hours=2)
    refused = await answer(room, await room["mallory"].say("dev", f"{bot} resume"))
    assert refused.startswith("Sorry mallory")
    assert await gate.standing.pause() == pause
    await room["bob"].say("dev", f"{bot} resume")
    assert await hears(room, "▶️") == "▶️ **bob** lets me work by myself again."
    again = await answer(room, await room["bob"].say("dev", f"{bot} resume"))
    assert again == "My own work is not paused."
    odd = await answer(room, await room["bob"].say("dev", f"{bot} pause until 25:00"))
    assert "I cannot read “25:00” as a time. Say, for example, “2 hours”" in odd
    assert await gate.standing.pause() is None


async def test_by_command(room: DevChannel) -> None:
    gate = room.client.agent.autonomy
    refused = await room["mallory"].run("dev", "pause")
    assert await gate.standing.pause() is None, refused
    await room["alice"].run("dev", "pause", until="tomorrow", why="a release")
    told = await hears(room, "⏸️")
    assert told.startswith("⏸️ **alice** has paused my own work: a release. It goes on by itself")
    await room["dora"].run("dev", "resume")
    assert await hears(room, "▶️") == "▶️ **dora** lets me work by myself again."
    assert await gate.standing.pause() is None
