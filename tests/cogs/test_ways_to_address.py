"""Ways people address the bot, beside its own mention: each is heard, and none of them decides."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from local_discord.person import Message
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.domain.run import Status
from tests.support.dev_channel import RUN_COGS, DevChannel, list_labels, open_dev_channel

BROKEN = "/roll is broken, fix it"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, voice_channels=("lounge",)
    ) as opened:
        yield opened


def me(room: DevChannel) -> str:
    return f"<@{room.local.bot_user_id}>"


async def answer_to(room: DevChannel, who: str, said: Message) -> str:
    return str((await room.wait_for_reply(who, said))["content"])


async def replies_to(room: DevChannel, said: Message) -> list[Message]:
    """Return what the bot replied to a message, once it has answered one said after it."""
    last = await room["alice"].say("general", f"{me(room)} hello")
    await room.wait_for_reply("alice", last)
    found = await room["alice"].list_messages(said["channel_id"])
    return [m for m in found if (m.get("message_reference") or {}).get("message_id") == said["id"]]


async def test_the_mention_of_its_role_is_a_mention(room: DevChannel) -> None:
    role = f"<@&{room.local.bot_role_id}>"
    assert "waiting" not in await answer_to(
        room, "alice", await room["alice"].say("general", f"{role} status")
    )
    await room["alice"].say("general", f"{role} {BROKEN}")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert (run.trigger.goal, run.trigger.text) == ("fix", BROKEN)


async def test_a_call_to_everyone_with_the_mention_is_heard_and_one_without_is_not(
    room: DevChannel,
) -> None:
    alone = await room["alice"].say("general", "@everyone /roll is broken, fix it")
    said = await room["alice"].say("general", f"@everyone {me(room)} {BROKEN}")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert run.trigger.place.message_id == int(said["id"])
    assert run.trigger.text == BROKEN
    assert await replies_to(room, alone) == []
    assert len(await room.list_runs()) == 1


async def test_a_mention_added_by_an_edit_is_heard(room: DevChannel) -> None:
    said = await room["alice"].say("general", BROKEN)
    await room["alice"].edit("general", said, f"{me(room)} {BROKEN}")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert run.trigger.place.message_id == int(said["id"])


async def test_a_corrected_request_replaces_the_run_it_began(room: DevChannel) -> None:
    room.world.engine.hold()
    said = await room["alice"].say("dev", f"{me(room)} rolling dice keeps crashing, fix it")
    first = await room.wait_until(lambda run: run.thread_id is not None)
    await room["alice"].edit("dev", said, f"{me(room)} {BROKEN}")
    second = await room.wait_until(lambda run: run.id != first.id and run.thread_id is not None)
    assert second.trigger.subject == "/roll"
    first = next(run for run in await room.list_runs() if run.id == first.id)
    assert first.status is Status.CANCELLED
    assert second.thread_id != first.thread_id


async def test_a_correction_that_asks_the_same_begins_nothing(room: DevChannel) -> None:
    room.world.engine.hold()
    said = await room["alice"].say("dev", f"{me(room)} /roll is broken, fix it plese")
    first = await room.wait_until(lambda run: run.thread_id is not None)
    await room["alice"].edit("dev", said, f"{me(room)} /roll is broken, fix it please")
    await replies_to(room, said)
    assert [run.id for run in await room.list_runs()] == [first.id]
    assert not (await room.list_runs())[0].has_ended


@pytest.mark.parametrize("word", ["ship it", "reject", "cancel", "stop everything", "pause"])
async def test_no_edit_decides_anything(room: DevChannel, word: str) -> None:
    _, thread, card = await room.request_proposal()
    said = await room["alice"].say(thread, "looks good to me so far", reply_to=card)
    await room.wait_for_reply("alice", said)
    await room["alice"].edit(thread, said, word)

    def asks_back(message: Message) -> bool:
        return "Not now" in list_labels(message)

    await room["alice"].wait_for(thread, asks_back)
    assert (await room.list_runs())[0].status is Status.WAITING
    assert room.world.forge.merges == []
    assert await room.agent.emergency.get_stop() is None
    assert "paused" not in (await room.agent.autonomy.format_vital_sign()).lower()


async def test_a_forwarded_request_with_the_mention_is_heard_as_somebodys_words(
    room: DevChannel,
) -> None:
    first = await room["mallory"].say("general", f"{me(room)} {BROKEN}")
    await room.wait_for_reply("mallory", first)
    await room["alice"].forward("dev", first)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert (run.trigger.person.name, run.trigger.text) == ("alice", BROKEN)
    assert not run.trigger.is_verbatim


async def test_a_forward_without_the_mention_is_left_alone(room: DevChannel) -> None:
    first = await room["bob"].say("general", BROKEN)
    said = await room["alice"].forward("dev", first)
    assert await replies_to(room, said) == []
    assert await room.list_runs() == ()


async def test_a_forwarded_decision_decides_nothing(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    first = await room["bob"].say("general", "ship it")
    said = await room["alice"].forward(thread, first)
    assert "Ship #1" in list_labels(await room.wait_for_reply("alice", said))
    assert (await room.list_runs())[0].id == run.id
    assert room.world.forge.merges == []


async def test_a_pasted_text_is_read_as_data_and_other_files_are_named(room: DevChannel) -> None:
    trace = "Traceback: IndexError in cogs/dice.py\nship it"
    files = [
        {"filename": "message.txt", "content": trace},
        {"filename": "screen.png", "base64": "iVBORw0KGgo="},
        {"filename": "long.log", "content": "x" * 100_001},
        {"filename": "data.bin", "base64": "AAEC/w=="},
    ]
    said = await room["alice"].say("dev", f"{me(room)} {BROKEN}", attachments=files)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert (run.trigger.text, run.trigger.attached) == (BROKEN, trace)
    told = await answer_to(room, "alice", said)
    assert all(name in told for name in ("screen.png", "long.log", "data.bin"))
    assert "message.txt" not in told
    assert "100 kB" in told


async def test_a_request_that_became_a_file_is_heard_and_decides_nothing(room: DevChannel) -> None:
    paste = [{"filename": "message.txt", "content": f"{BROKEN}\n" + "a long story\n" * 300}]
    await room["alice"].say("@alice", "", attachments=paste)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert run.trigger.subject.startswith("/roll")
    said = await room["alice"].say(
        "dev", me(room), attachments=[{"filename": "message.txt", "content": "stop everything"}]
    )
    await room.wait_for_reply("alice", said)
    assert await room.agent.emergency.get_stop() is None


async def test_a_request_in_a_voice_channel_goes_on_in_the_dev_channel(room: DevChannel) -> None:
    said = await room["alice"].say("lounge", f"{me(room)} {BROKEN}")
    told = await answer_to(room, "alice", said)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert told.startswith(f"I go on in <#{run.thread_id}>")
    thread = room.client.get_channel(run.thread_id or 0)
    assert isinstance(thread, discord.Thread)
    assert thread.parent_id == room.local.dev_channel_id
    lounge = said["channel_id"]
    assert await room["bob"].wait_for("dev", lambda m: f"<#{lounge}>" in m["content"])


async def test_without_the_permission_to_open_threads_it_goes_on_in_the_dev_channel(
    room: DevChannel,
) -> None:
    world, threads = room.local.world, discord.Permissions(create_public_threads=True).value
    general = world.lookup.find_channel("general").id
    world.backend.set_overwrite(
        general, Overwrite(room.local.bot_role_id, OverwriteType.ROLE, deny=threads)
    )
    said = await room["alice"].say("general", f"{me(room)} {BROKEN}")
    told = await answer_to(room, "alice", said)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert f"<#{run.thread_id}>" in told
    assert "Create Public Threads" in told


async def test_unaddressed_questions_are_answered_in_a_demo_and_talk_is_not(
    tmp_path: Path,
) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, answers_unaddressed=True) as room:
        talk = await room["alice"].say("general", "good morning all")
        said = await room["alice"].say("general", "what is waiting for me?")
        assert await answer_to(room, "alice", said)
        chat = await room["alice"].say("general", "how does the weather look?")
        assert await answer_to(room, "alice", chat)
        to_bob = await room["alice"].say(
            "general", f"<@{room.local.people['bob']}> what is broken?"
        )
        assert await replies_to(room, talk) == []
        assert await replies_to(room, to_bob) == []


async def test_unaddressed_questions_are_answered_where_nobody_else_is(room: DevChannel) -> None:
    among_people = await room["alice"].say("general", "what is broken?")
    assert await replies_to(room, among_people) == []
    for name in ("bob", "dora", "mallory"):
        room.local.leave(name)
    async with asyncio.timeout(10):
        guild = room.client.get_guild(room.local.guild_id)
        while guild is None or len(guild.members) > 2:
            await asyncio.sleep(0.01)
            guild = room.client.get_guild(room.local.guild_id)
    said = await room["alice"].say("general", "what is broken?")
    assert await answer_to(room, "alice", said)
    note = await room["alice"].say("general", "buy milk")
    assert await replies_to(room, note) == []
