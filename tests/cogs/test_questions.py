"""Questions about the bot itself: where they are heard, and what is answered to whom."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from discord import app_commands
from local_discord.person import Message

from bot.ports.chat_model import ChatModel
from cogs.ui import get_person, list_usable_commands
from tests.fakes.fake_chat_model import FakeChatModel, ScriptedAction
from tests.support.dev_channel import COGS, DevChannel, open_dev_channel


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


async def answer(room: DevChannel, who: str, said: Message) -> str:
    """Return what the bot replied to a message."""
    return str((await room.wait_for_reply(who, said))["content"])


async def mention(room: DevChannel, who: str, text: str, channel: str = "dev") -> str:
    said = await room[who].say(channel, f"<@{room.local.bot_user_id}> {text}")
    return await answer(room, who, said)


async def test_a_question_is_answered_where_it_is_asked_and_begins_nothing(
    room: DevChannel,
) -> None:
    run, thread, _ = await room.request_proposal()
    assert "I have shipped nothing yet" in await mention(room, "dora", "what changed this week?")
    said = await room["alice"].say(thread, "why did you pick that fix?")
    told = await answer(room, "alice", said)
    assert f"run `{run.id}`" in told and "Cause: " in told
    said = await room["alice"].say(thread, "who approved it?")
    assert "No one has approved it" in await answer(room, "alice", said)
    direct = await room["dora"].say("@dora", "what is waiting for me?")
    assert run.id in await answer(room, "dora", direct)
    assert [each.id for each in await room.list_runs()] == [run.id]
    assert not (await room.list_runs())[0].has_ended


async def test_under_the_answer_of_a_command_a_question_is_about_no_run(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=(*COGS, "cogs.dice")) as room:
        run, _, _ = await room.request_proposal()
        shown = (await room["dora"].run("dev", "roll", dice="1d6"))["message"]
        said = await room["alice"].say("dev", "why?", reply_to=shown)
        told = await answer(room, "alice", said)
        assert told.startswith("That is the answer of a command")
        assert run.id not in told
        said = await room["alice"].say("dev", "why the dice fix?", reply_to=shown)
        assert f"run `{run.id}`" in await answer(room, "alice", said)


async def test_in_another_channel_what_is_not_for_everybody_is_told_in_the_dev_channel(
    room: DevChannel,
) -> None:
    told = await mention(room, "alice", "who may ship?", "general")
    assert told.startswith(f"Please ask me in <#{room.local.dev_channel_id}>")
    assert "People wish" in await mention(
        room, "alice", "what do people wish for?", "general"
    ) or "Nobody has asked" in await mention(room, "alice", "what do people wish for?", "general")


async def test_who_is_not_listed_is_refused_records_and_told_what_is_there(
    room: DevChannel,
) -> None:
    assert "not on the list" in await mention(room, "mallory", "what did you change this week?")
    assert "Nobody has asked" in await mention(room, "mallory", "what do people wish for?")
    assert await room.list_refused() == [("mallory", "read")]


async def test_ask_answers_only_whoever_asks_and_decides_nothing(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()

    async def asked(who: str, question: str, channel: str = "dev") -> str:
        told = await room[who].run(channel, "ask", question=question)
        return await room.wait_for_answer(who, told, channel)

    assert f"run `{run.id}`" in await asked("alice", "what could break?", thread)
    assert "waiting for “ship it”" in await asked("alice", "status")
    assert "it used no paid model" in await asked("alice", "how much have we spent?")
    assert "`/ask` starts and decides nothing" in await asked("alice", "ship it", thread)
    assert "`/ask` starts and decides nothing" in await asked("alice", "/roll is broken")
    assert "not on the list" in await asked("mallory", "who shipped that?")
    assert [(each.id, each.has_ended) for each in await room.list_runs()] == [(run.id, False)]


async def test_help_shows_commands_by_what_people_want(room: DevChannel) -> None:
    told = await room.wait_for_answer("alice", await room["alice"].run("dev", "help"), "dev")
    assert "**Something is broken** `/fix`, `/investigate`" in told
    assert "**Decide about a proposal** `/ship`, `/revert`" in told
    assert len(told) < 1_900
    told = await room.wait_for_answer("mallory", await room["mallory"].run("dev", "help"), "dev")
    assert "`/change`" in told and "/ship" not in told
    assert "**Something is broken**" in await mention(room, "alice", "help")


async def test_a_model_is_told_what_the_records_say(room: DevChannel) -> None:
    chat_model = FakeChatModel(
        actions=[ScriptedAction("Nothing.", tools=[("ask", "what did you change this week?")])]
    )
    room.services.add(chat_model, ChatModel)
    said = await room["alice"].say("dev", f"<@{room.local.bot_user_id}> so quiet here, hm")
    assert await answer(room, "alice", said) != ""
    assert len(chat_model.results) == 1
    assert chat_model.results[0].startswith("ask: I have shipped nothing yet.\n")


async def test_help_offers_each_only_what_they_may_use(room: DevChannel) -> None:
    async def help_for(who: str) -> str:
        return await room.run_command(who, "help")

    approver, developer, member = [await help_for(each) for each in ("alice", "dora", "mallory")]
    assert "`/ship`" in approver and "“ship it”" in approver
    assert "`/revert`" in developer and "“also handle 0”" in developer
    for text in (developer, member):
        assert "/ship" not in text and "ship it" not in text and "rollback" not in text
    for name in ("/runs", "/fix", "/pause", "/memory", "“cancel”", "“Fix this”"):
        assert name not in member, name
    assert "`/change`" in member and "“Make this happen”" in member
    said = await mention(room, "mallory", "I like /ship a lot", "general")
    assert "You may not use `/" in said


async def test_help_hides_what_the_server_lets_only_some_members_use(room: DevChannel) -> None:
    @app_commands.command(name="ban", description="Ban somebody")
    @app_commands.default_permissions(ban_members=True)
    async def ban(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("banned", ephemeral=True)

    room.client.tree.add_command(ban)
    assert "`/ban`" not in await room.run_command("mallory", "help")
    guild = room.client.get_guild(room.local.guild_id)
    owner = guild.owner if guild else None
    assert owner is not None
    assert "ban" in list_usable_commands(room.client, get_person(room.client, owner))
