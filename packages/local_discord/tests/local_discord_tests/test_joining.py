"""Somebody joins while the bot is there: it is told, and they can speak at once."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest
from discord.ext import commands
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import run_bot

PEOPLE = [LocalPerson("alice", listed=True, roles=("members",)), LocalPerson("bob", listed=False)]
TOKEN = "local-token"


class Greeter(commands.Bot):
    """Notes who joins."""

    def __init__(self) -> None:
        super().__init__("!", intents=discord.Intents(guilds=True, members=True))
        self.joined: asyncio.Queue[discord.Member] = asyncio.Queue()

    async def on_member_join(self, member: discord.Member) -> None:
        self.joined.put_nowait(member)


@pytest.fixture
async def server() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(PEOPLE, token=TOKEN) as opened:
        yield opened


async def test_the_bot_and_the_page_are_told_of_a_member_who_then_speaks(
    server: LocalDiscord,
) -> None:
    async with (
        asyncio.timeout(30),
        Person(server.base_url, "alice") as alice,
        run_bot(Greeter(), server) as bot,
    ):
        events = alice.stream_events()
        assert (await anext(events))["type"] == "hello"
        shown = await alice.call("POST", "/local/members", {"name": "dave", "roles": ["members"]})
        joined = await bot.joined.get()
        assert (joined.name, [role.name for role in joined.roles][1:]) == ("dave", ["members"])
        assert str(joined.id) == shown["id"]
        told = await anext(events)
        assert (told["type"], told["user"]["name"]) == ("member_add", "dave")
        async with Person(server.base_url, "dave") as dave:
            said = await dave.say("dev", "hello")
            assert said["author"]["id"] == shown["id"]


async def test_a_name_that_is_taken_and_a_role_that_is_not_there_are_refused(
    server: LocalDiscord,
) -> None:
    async with Person(server.base_url, "alice") as alice:
        for told, status in (
            ({"name": "Bob"}, "409"), ({"name": "dave", "roles": ["kings"]}, "404"),
            ({"name": "dave", "roles": "members"}, "400"), ({}, "400"),
        ):  # fmt: skip
            with pytest.raises(PersonRefusedError, match=status):
                await alice.call("POST", "/local/members", told)
        names = [each["name"] for each in (await alice.get_world())["users"]]
        assert names == ["alice", "bob", "Theseus"]


async def test_whoever_left_is_no_longer_shown_and_comes_back_as_the_same_user(
    server: LocalDiscord,
) -> None:
    async with Person(server.base_url, "alice") as alice:
        server.leave("bob")
        assert "bob" not in [each["name"] for each in (await alice.get_world())["users"]]
        before = server.people["bob"]
        assert server.join(LocalPerson("bob", listed=False)) == before
