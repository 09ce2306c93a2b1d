"""What resembles a decision and is said to nobody: asked back where it is about the bot's work."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.presentation.meanings import OTHER_LABEL
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
    wait_for_message,
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


async def test_a_pause_with_a_time_and_its_end_are_asked_back_and_their_buttons_do_it(
    room: DevChannel,
) -> None:
    text = "pause self-improvement for two hours, we're deploying"
    question = await room.wait_for_reply("alice", await room["alice"].say("dev", text))
    assert list_labels(question) == ["Pause (two hours)", "Not now", OTHER_LABEL]
    gate = room.agent.autonomy
    assert await gate.blocks.find_pause() is None
    await room["alice"].press("dev", get_custom_id(question, "Pause (two hours)"), question)
    assert (await wait_for_message(room, "⏸️")).startswith("⏸️ **alice** has paused my own work")
    pause = await gate.blocks.find_pause()
    assert pause is not None and pause.until is not None
    question = await room.wait_for_reply(
        "alice", await room["alice"].say("dev", "you can resume now")
    )
    assert list_labels(question) == ["Resume", "Not now", OTHER_LABEL]


async def test_without_anything_to_resume_or_roll_back_talk_among_people_is_left_alone(
    room: DevChannel,
) -> None:
    for text in ("you can resume now", "roll back the last fix"):
        await room["alice"].say("dev", text)
    marker = await room["alice"].say("dev", f"<@{room.local.bot_user_id}> you can resume now")
    told = await room.wait_for_reply("alice", marker)
    assert told["content"].startswith("My own work is not paused")
    ours = [
        message["id"]
        for message in await room["alice"].list_messages("dev")
        if message["author"]["id"] == str(room.local.bot_user_id)
    ]
    assert ours == [told["id"]]


async def test_a_refusal_in_the_thread_of_a_run_offers_to_end_it_and_no_pause(
    room: DevChannel,
) -> None:
    _, thread, _ = await room.request_proposal()
    question = await room.wait_for_reply("alice", await room["alice"].say(thread, "no wait, don't"))
    assert list_labels(question) == ["Reject #1", "Cancel #1", "Not now", OTHER_LABEL]
    assert "reject or cancel" in question["content"]
