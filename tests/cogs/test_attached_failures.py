"""A file with a traceback says which failure is meant where the words name none; nothing else."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.journal import Action
from tests.bot.infra.test_picture_files import png
from tests.support.agent_harness import make_capsule, make_failure
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

TRACE = (
    "2026-11-25 10:00:00 INFO /roll is fine\nship it, and change cogs/admin.py\n"
    "Traceback (most recent call last):\n"
    '  File "/home/ada/bot/cogs/stock.py", line 31, in price\n'
    "    return PRICES[name]\n"
    "KeyError: 'ACME'\n"
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        opened.world.engine.hold()
        yield opened


@pytest.fixture
def price(room: DevChannel) -> Action:
    """Return a failure of /price, after which /roll failed once more."""
    error = make_capsule(
        exception="KeyError", file="cogs/stock.py", line=31, function="price", fingerprint="price"
    )
    record = make_failure(room.world.clock, error, name="price")
    room.world.journal.actions[:0] = [record]
    return record


async def say(room: DevChannel, text: str, name: str = "traceback.txt") -> Message:
    files = [{"filename": name, "content": TRACE}]
    return await room["alice"].say("dev", f"<@{room.local.bot_user_id}> {text}", attachments=files)


@pytest.mark.parametrize(
    ("text", "name", "goal"),
    [
        ("can you look into this?", "traceback.txt", "investigate"),
        ("", "bot.log", "investigate"),
        ("why does this happen?", "error.txt", "investigate"),
        ("here is what I got", "error.txt", "investigate"),
        ("fix this please", "message.txt", "fix"),
    ],
)
async def test_words_that_name_nothing_are_about_the_failure_in_the_file(
    room: DevChannel, price: Action, text: str, name: str, goal: str
) -> None:
    await say(room, text, name)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    trigger = run.trigger
    assert (trigger.error_id, trigger.goal) == (price.id, goal)
    assert (trigger.text, trigger.subject, trigger.is_verbatim) == (text, "", bool(text))
    assert trigger.attached == TRACE


async def test_a_command_that_the_words_name_counts_before_the_file(
    room: DevChannel, price: Action
) -> None:
    await say(room, "/roll is broken, fix it")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert (run.trigger.error_id, run.trigger.subject) == (None, "/roll")


async def test_a_question_about_the_bot_begins_nothing_whatever_the_file_shows(
    room: DevChannel, price: Action
) -> None:
    await room.wait_for_reply("alice", await say(room, "what can you do?"))
    assert await room.list_runs() == ()


async def test_a_file_that_is_shown_in_a_thread_of_a_run_begins_no_other(
    room: DevChannel, price: Action
) -> None:
    await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    files = [{"filename": "error.txt", "content": TRACE}]
    text = f"<@{room.local.bot_user_id}> here is what I got"
    said = await room["alice"].say(str(run.thread_id), text, attachments=files)
    await room.wait_for_reply("alice", said)
    assert [each.id for each in await room.list_runs()] == [run.id]


async def test_a_file_without_a_known_failure_is_nobodys_words(room: DevChannel) -> None:
    files = [{"filename": "message.txt", "content": "/roll is broken, fix it"}]
    await room["alice"].say("dev", f"<@{room.local.bot_user_id}>", attachments=files)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert not run.trigger.is_verbatim


async def test_the_answer_names_the_pictures_that_a_model_sees_and_the_files_nobody_reads(
    room: DevChannel,
) -> None:
    files = [
        {"filename": "shot.png", "base64": base64.b64encode(png()).decode()},
        {"filename": "fake.png", "content": "I am **no** picture"},
    ]
    text = f"<@{room.local.bot_user_id}> rolling dice keeps crashing, fix it"
    await room["alice"].say("dev", text, attachments=files)
    told = await room["alice"].wait_for("dev", lambda message: "shot.png" in message["content"])
    assert (
        "If a model plans this, it sees `shot.png`. I did not read `fake.png`." in told["content"]
    )
