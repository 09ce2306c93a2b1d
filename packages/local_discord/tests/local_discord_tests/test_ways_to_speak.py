"""Ways people reach a bot: the mention of its role, forwards, the chat of a voice channel."""

from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import SampleBot, run_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = (LocalPerson("alice", listed=True), LocalPerson("bob", listed=True))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lounge() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(PEOPLE, token="local", voice_channels=("lounge",)) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(lounge: LocalDiscord) -> AsyncIterator[SampleBot]:
    async with run_bot(SampleBot(), lounge) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def alice(lounge: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(lounge.base_url, "alice") as person:
        yield person


async def test_the_role_that_came_with_the_bot_is_known_as_its_own(
    lounge: LocalDiscord, bot: SampleBot, alice: Person
) -> None:
    guild = bot.get_guild(lounge.guild_id)
    assert guild is not None
    assert guild.self_role is not None
    assert guild.self_role.id == lounge.bot_role_id
    said = await alice.say("dev", f"<@&{lounge.bot_role_id}> hello")
    await bot.wait_until(lambda: bot.received and bot.received[-1].id == int(said["id"]))
    assert guild.self_role in bot.received[-1].role_mentions
    assert bot.user not in bot.received[-1].mentions


async def test_a_forward_brings_the_text_as_a_snapshot(
    lounge: LocalDiscord, bot: SampleBot, alice: Person
) -> None:
    first = await alice.say("general", "the dice are broken")
    said = await alice.forward("dev", first)
    await bot.wait_until(lambda: bot.received and bot.received[-1].id == int(said["id"]))
    heard = bot.received[-1]
    assert heard.content == ""
    assert [each.content for each in heard.message_snapshots] == ["the dice are broken"]
    assert heard.reference is not None
    assert heard.reference.type is discord.MessageReferenceType.forward


async def test_what_a_person_cannot_see_is_not_forwarded(
    lounge: LocalDiscord, alice: Person
) -> None:
    async with Person(lounge.base_url, "bob") as bob:
        secret = await bob.say("@bob", "only for the bot")
        with pytest.raises(PersonRefusedError, match="alice cannot see"):
            await alice.forward("dev", secret)


async def test_a_voice_channel_has_a_chat_and_no_threads(
    lounge: LocalDiscord, bot: SampleBot, alice: Person
) -> None:
    said = await alice.say("lounge", "hello")
    await bot.wait_until(lambda: bot.received and bot.received[-1].id == int(said["id"]))
    channel = bot.received[-1].channel
    assert isinstance(channel, discord.VoiceChannel)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.received[-1].create_thread(name="a thread")
    assert (refused.value.status, refused.value.code) == (400, 50024)
