"""People who speak German, French or Spanish: requests are taken, decisions stay English."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.run import Status
from bot.grammar import languages
from local_discord.person import Message
from tests.support.dev_channel import DevChannel, dev_channel, labels


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with dev_channel(tmp_path) as opened:
        yield opened


async def answered(room: DevChannel, channel: str, text: str) -> Message:
    return await room.reply("alice", await room["alice"].say(channel, text))


async def test_a_decision_in_another_language_is_asked_back_and_decides_nothing(
    room: DevChannel,
) -> None:
    run, thread, _ = await room.proposal()
    for code, text in (("de", "liefer das bitte aus"), ("fr", "fusionne"), ("es", "envíalo")):
        question = await answered(room, thread, text)
        assert question["content"].startswith(languages()[code].says["decide"])
        assert "Ship #1" in labels(question)
    assert next(each for each in await room.runs() if each.id == run.id).status is Status.WAITING


async def test_work_asked_for_in_german_begins_and_is_told_of_in_german(room: DevChannel) -> None:
    told = await answered(
        room, "dev", f"<@{room.local.bot_user_id}> /roll ist kaputt, reparier das"
    )
    assert told["content"] == languages()["de"].says["begun"]
    run = await room.shown()
    assert run.goal == "fix"


async def test_talk_in_another_language_hears_what_is_understood_in_it(room: DevChannel) -> None:
    told = await answered(room, "dev", f"<@{room.local.bot_user_id}> hola, ¿cómo están todos?")
    assert told["content"] == languages()["es"].says["talk"]
