"""Messages, replies, edits, reactions, threads, files and direct messages, with a real bot."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import SampleBot

pytestmark = pytest.mark.asyncio(loop_scope="module")


def says(text: str) -> Any:
    return lambda message: message["content"] == text


def dev(bot: SampleBot, local: LocalDiscord) -> discord.TextChannel:
    channel = bot.get_channel(local.dev_channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_bot_logs_in_and_knows_the_guild_and_its_people(
    bot: SampleBot, local: LocalDiscord
) -> None:
    guild = bot.get_guild(local.guild_id)
    assert guild is not None
    assert guild.name == "Theseus"
    assert {m.name for m in guild.members} == {"alice", "bob", "mallory", "Theseus"}
    assert bot.user is not None
    assert bot.user.id == local.bot_user_id
    assert {c.name for c in guild.text_channels} == {"dev", "general"}
    alice = guild.get_member(local.people["alice"])
    assert alice is not None
    assert [role.name for role in alice.roles] == ["@everyone", "approvers"]
    assert abs(datetime.now(UTC) - alice.created_at) < timedelta(minutes=1)
    assert (await bot.application_info()).flags.gateway_message_content_limited


async def test_a_message_reaches_the_bot_and_its_reply_reaches_the_page(
    bot: SampleBot, alice: Person
) -> None:
    said = await alice.say("dev", "echo hello")
    answer = await alice.wait_for("dev", says("hello"))
    assert answer["author"]["bot"] is True
    assert answer["message_reference"]["message_id"] == said["id"]
    assert answer["referenced_message"]["content"] == "echo hello"
    assert [m["content"] for m in await alice.list_messages("dev")] == ["echo hello", "hello"]


async def test_a_name_with_an_at_sign_becomes_a_mention(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    said = await alice.say("dev", "@theseus ask @bob and @approvers, not me@bob.example")
    assert said["content"].startswith(f"<@{local.bot_user_id}> ask <@{local.people['bob']}>")
    assert said["content"].endswith("not me@bob.example")
    heard = await _heard(bot, 1)
    assert bot.user in heard[0].mentions
    assert [role.name for role in heard[0].role_mentions] == ["approvers"]


async def test_a_reply_carries_the_message_it_answers(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    first = await dev(bot, local).send("an error")
    await alice.say("dev", "fix this", reply_to=str(first.id))
    heard = await _heard(bot, 2)
    assert heard[1].reference is not None
    assert isinstance(heard[1].reference.resolved, discord.Message)
    assert heard[1].reference.resolved.content == "an error"


async def test_a_long_chain_of_replies_stays_small(alice: Person) -> None:
    last = await alice.say("dev", "0")
    for number in range(1, 40):
        last = await alice.say("dev", str(number), reply_to=last)
    assert last["referenced_message"]["content"] == "38"
    assert "referenced_message" not in last["referenced_message"]
    assert "message_reference" in last["referenced_message"]


async def test_edits_arrive_on_both_sides(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    message = await dev(bot, local).send("one")
    await message.edit(content="two")
    shown = await alice.wait_for("dev", says("two"))
    assert shown["edited_timestamp"]
    mine = await alice.say("dev", "before")
    await alice.edit("dev", mine, "after")
    await bot.wait_until(lambda: any(e.message.content == "after" for e in bot.edited))
    await message.delete()
    await alice.delete("dev", mine)
    assert await alice.list_messages("dev") == []


async def test_reactions_go_both_ways(bot: SampleBot, alice: Person, local: LocalDiscord) -> None:
    message = await dev(bot, local).send("card")
    await message.add_reaction("👀")
    shown = await alice.react("dev", str(message.id), ":ship:")
    assert [(r["emoji"]["name"], r["count"], r["me"]) for r in shown["reactions"]] == [
        ("👀", 1, False),
        ("🚢", 1, True),
    ]
    assert shown["reactions"][1]["users"] == [str(local.people["alice"])]
    await bot.wait_until(lambda: any(str(r.emoji) == "🚢" for r in bot.reactions))
    assert bot.reactions[-1].user_id == local.people["alice"]
    again = await alice.react("dev", str(message.id), "🚢")
    assert again["reactions"][1]["count"] == 1
    gone = await alice.react("dev", str(message.id), "🚢", remove=True)
    assert [r["emoji"]["name"] for r in gone["reactions"]] == ["👀"]


async def test_a_thread_from_a_message_is_a_channel_of_its_own(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    said = await alice.say("dev", "broken")
    heard = await _heard(bot, 1)
    thread = await heard[0].create_thread(name="broken things")
    await thread.send("looking")
    shown = await alice.wait_for_thread("dev")
    assert (shown["name"], shown["message_id"]) == ("broken things", said["id"])
    assert shown["parent_id"] == str(local.dev_channel_id)
    assert [m["content"] for m in await alice.list_messages(shown["id"])] == ["looking"]
    parent = (await alice.list_messages("dev"))[0]
    assert parent["thread"]["id"] == shown["id"]
    assert parent["flags"] & 32
    await alice.say(shown["id"], "echo there")
    await alice.wait_for("broken things", says("there"))
    await thread.edit(archived=True, locked=True)
    locked = await alice.wait_for_thread("dev", lambda t: t["locked"])
    assert locked["archived"]


async def test_a_thread_counts_neither_private_answers_nor_deleted_messages(
    bot: SampleBot, local: LocalDiscord, alice: Person, mallory: Person
) -> None:
    thread = await dev(bot, local).create_thread(
        name="counted", type=discord.ChannelType.public_thread
    )
    place = str(thread.id)

    async def count() -> int:
        return int((await mallory.wait_for_thread("dev"))["message_count"])

    last = (await mallory.get_world())["last_event_id"]
    first = await alice.say(place, "one")
    await alice.run(place, "secret")
    await alice.say(place, "two")
    assert await count() == 2
    await alice.delete(place, first)
    assert await count() == 1
    batch = [await thread.send("three"), await thread.send("four")]
    await thread.delete_messages(batch)
    assert await count() == 1
    (started,) = await mallory.list_messages("dev")
    assert started["message_reference"]["channel_id"] == place
    told = [
        event["message_count"]
        async for event in _until(mallory, last, "message_delete", 3)
        if event["type"] in ("message_create", "message_delete")
    ]
    assert told == [1, 2, 1, 2, 3, 1, 1]  # a batch goes at once


async def _until(person: Person, after: int, kind: str, times: int) -> AsyncIterator[Any]:
    async for event in person.stream_events(after):
        yield event
        times -= event["type"] == kind
        if not times:
            return


async def test_a_second_thread_on_one_message_is_refused(bot: SampleBot, alice: Person) -> None:
    await alice.say("dev", "broken")
    heard = await _heard(bot, 1)
    await heard[0].create_thread(name="first")
    with pytest.raises(discord.HTTPException) as refused:
        await heard[0].create_thread(name="second")
    assert refused.value.code == 160004


async def test_files_travel_both_ways(bot: SampleBot, alice: Person, local: LocalDiscord) -> None:
    embed = discord.Embed(title="chart").set_image(url="attachment://chart.png")
    sent = await dev(bot, local).send(
        "with a diff",
        files=[
            discord.File(io.BytesIO(b"+ one\n"), "fix ü.diff", description="the diff"),
            discord.File(io.BytesIO(b"\x89PNG\x00"), "chart.png"),
        ],
        embed=embed,
    )
    assert await sent.attachments[0].read() == b"+ one\n"
    shown = (await alice.list_messages("dev"))[0]
    assert shown["attachments"][0]["description"] == "the diff"
    assert shown["embeds"][0]["image"]["url"] == shown["attachments"][1]["url"]
    said = await alice.say("dev", "", attachments=[{"filename": "log.txt", "content": "boom"}])
    assert said["attachments"][0]["size"] == 4
    heard = await _heard(bot, 2)
    assert await heard[1].attachments[0].read() == b"boom"


async def test_a_message_is_edited_with_new_files_beside_the_old(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    sent = await dev(bot, local).send("card", file=discord.File(io.BytesIO(b"one"), "one.txt"))
    new = discord.File(io.BytesIO(b"two"), "two.diff")
    edited = await sent.edit(content="card 2", attachments=[sent.attachments[0], new])
    assert [a.filename for a in edited.attachments] == ["one.txt", "two.diff"]
    shown = await alice.wait_for("dev", says("card 2"))
    assert [a["filename"] for a in shown["attachments"]] == ["one.txt", "two.diff"]
    assert await edited.attachments[1].read() == b"two"


async def test_direct_messages_reach_the_bot_and_nobody_else(
    bot: SampleBot, alice: Person, mallory: Person, local: LocalDiscord
) -> None:
    await alice.say("@alice", "echo psst")
    answer = await alice.wait_for("@alice", says("psst"))
    assert "guild_id" not in answer
    heard = await _heard(bot, 1)
    assert isinstance(heard[0].channel, discord.DMChannel)
    user = await bot.fetch_user(local.people["alice"])
    await user.send("by the bot")
    await alice.wait_for("@alice", says("by the bot"))
    with pytest.raises(Exception, match="mallory cannot see"):
        await mallory.say("@alice", "let me in")


async def test_five_people_at_once_lose_nothing_and_keep_their_order(
    bot: SampleBot, local: LocalDiscord
) -> None:
    async def talk(name: str) -> None:
        async with Person(local.base_url, name) as person:
            for number in range(10):
                await person.say("dev", f"echo {name} {number}")

    names = ("alice", "bob", "mallory", "alice", "bob")
    await asyncio.gather(*(talk(name) for name in names))
    await _heard(bot, 100)
    async with Person(local.base_url, "alice") as alice:
        told = [m["content"] for m in await alice.list_messages("dev")]
    assert len(told) == 100
    mallorys = [text for text in told if text.startswith("echo mallory")]
    assert mallorys == [f"echo mallory {number}" for number in range(10)]
    assert sorted(told[:]) == sorted(
        [f"{prefix}{name} {n}" for name in names for n in range(10) for prefix in ("", "echo ")]
    )


async def test_a_nonce_sends_a_message_once(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    first = await dev(bot, local).send("once", nonce="run-7-card")
    second = await dev(bot, local).send("once", nonce="run-7-card")
    assert first.id == second.id
    assert [m["nonce"] for m in await alice.list_messages("dev")] == ["run-7-card"]
    assert (await _heard(bot, 1))[0].nonce == "run-7-card"


async def _heard(bot: SampleBot, count: int) -> list[discord.Message]:
    await bot.wait_until(lambda: len(bot.received) >= count)
    return bot.received
