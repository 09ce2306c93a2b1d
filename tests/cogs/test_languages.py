"""People who speak German, French or Spanish: requests are taken, decisions stay English."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.run import Status
from bot.grammar import load_languages
from tests.support.dev_channel import RUN_COGS, DevChannel, list_labels, open_dev_channel


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


async def answered(room: DevChannel, channel: str, text: str) -> Message:
    return await room.wait_for_reply("alice", await room["alice"].say(channel, text))


async def test_a_decision_in_another_language_is_asked_back_and_decides_nothing(
    room: DevChannel,
) -> None:
    run, thread, _ = await room.request_proposal()
    for code, text in (("de", "liefer das bitte aus"), ("fr", "fusionne"), ("es", "envíalo")):
        question = await answered(room, thread, text)
        assert question["content"].startswith(load_languages()[code].replies["decide"])
        assert "Ship #1" in list_labels(question)
    assert (
        next(each for each in await room.list_runs() if each.id == run.id).status is Status.WAITING
    )


async def test_work_asked_for_in_german_begins_and_is_told_of_in_german(room: DevChannel) -> None:
    told = await answered(
        room, "dev", f"<@{room.local.bot_user_id}> /roll ist kaputt, reparier das"
    )
    assert told["content"] == load_languages()["de"].replies["begun"]
    run = await room.wait_for_proposal()
    assert run.goal == "fix"


async def test_talk_in_another_language_hears_what_is_understood_in_it(room: DevChannel) -> None:
    told = await answered(room, "dev", f"<@{room.local.bot_user_id}> hola, ¿cómo están todos?")
    assert told["content"] == load_languages()["es"].replies["talk"]
