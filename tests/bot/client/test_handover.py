"""One session over two clients: each event in between is handled by one of them, once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from local_discord.client import point_discord_at
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.client import TheseusClient
from bot.domain.gateway_session import GatewaySession
from bot.domain.journal import Kind
from bot.domain.leadership import LeadershipLost
from tests.fakes.fake_fence import FakeFence
from tests.support.live_client import Home, WatchedJournal, make_client, use_own_cogs

COG = """
import asyncio

import discord
from discord.ext import commands

HEARD = []

class Echo(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_message(self, message):
        if message.author.bot or not message.content.startswith("say"):
            return
        HEARD.append((self.bot.name, message.content, str(message.channel)))
        if message.content == "say slowly":
            await self.bot.hurry.wait()
        await message.reply(f"{self.bot.name}: {message.content}")

    @commands.Cog.listener()
    async def on_ready(self):
        HEARD.append((self.bot.name, "ready", len(self.bot.guilds)))

async def setup(bot):
    await bot.add_cog(Echo(bot))
"""


class Named(TheseusClient):
    name = ""
    hurry: asyncio.Event


class Stage:
    """Clients of one home, one after the other."""

    def __init__(
        self, home: Home, journal: WatchedJournal, local: LocalDiscord, alice: Person
    ) -> None:
        self.home, self.journal, self.local, self.alice = home, journal, local, alice
        self.resuming: list[str] = []
        self._group = asyncio.TaskGroup()

    @asynccontextmanager
    async def on(
        self, name: str, session: GatewaySession | None = None, fence: FakeFence | None = None
    ) -> AsyncIterator[TheseusClient]:
        """Yield an online client with that name; it continues the session, if there is one."""
        client = make_client(self.home, self.journal, self.local.guild_id)
        client.name, client.hurry = name, asyncio.Event()  # type: ignore[attr-defined]
        if session is not None:
            client.inherit(session, lambda: self.resuming.append(name))
        if fence is not None:
            client.set_fence(fence)
        point_discord_at(self.local.api_url, self.local.gateway_url)
        await client.login(self.local.token)
        connecting = asyncio.create_task(client.connect())
        try:
            async with asyncio.timeout(20):
                await client.wait_until_ready()
            yield client
        finally:
            await client.close()
            connecting.cancel()
            await asyncio.wait({connecting})

    async def answers(self) -> list[str]:
        """Return what clients have said in the dev channel, oldest first."""
        told = await self.alice.list_messages("dev")
        return [each["content"] for each in told if each["author"].get("bot")]

    async def until_answered(self, count: int) -> list[str]:
        """Wait for so many answers; return them."""
        async with asyncio.timeout(20):
            while len(said := await self.answers()) < count:  # noqa: ASYNC110  polled
                await asyncio.sleep(0.02)
        return said


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    with use_own_cogs(tmp_path) as home:
        home.write("cogs/echo.py", COG)
        async with (
            LocalDiscord([LocalPerson("alice", listed=True)], token="a.bot.token") as local,
            Person(local.base_url, "alice") as alice,
            WatchedJournal(home.state) as journal,
        ):
            yield Stage(home, journal, local, alice)


async def test_what_is_said_in_between_is_answered_once_by_the_one_that_inherits(
    stage: Stage,
) -> None:
    async with stage.on("old") as old:
        await stage.alice.say("dev", "say one")
        await stage.until_answered(1)
        session = await old.leave()
        assert session is not None
        await stage.alice.say("dev", "say two")
        async with stage.on("new", session) as new:
            assert stage.resuming == ["new"]
            assert [guild.id for guild in new.guilds] == [stage.local.guild_id]
            assert new.get_channel(stage.local.dev_channel_id) is not None
            await stage.alice.say("dev", "say three")
            said = await stage.until_answered(3)
            assert said == ["old: say one", "new: say two", "new: say three"]
            guild = new.guilds[0]
            async with asyncio.timeout(20):
                while not guild.chunked:  # noqa: ASYNC110  it raises no event
                    await asyncio.sleep(0.02)
            assert {member.name for member in guild.members} >= {"alice", guild.me.name}


async def test_what_the_old_one_has_begun_it_ends(stage: Stage) -> None:
    async with stage.on("old") as old:
        await stage.alice.say("dev", "say slowly")
        await stage.alice.say("dev", "say soon")
        await stage.until_answered(1)
        session = await old.leave()
        assert not await old.wait_until_idle(0.01)
        async with stage.on("new", session):
            old.hurry.set()  # type: ignore[attr-defined]
            assert await old.wait_until_idle(20)
            await stage.alice.say("dev", "say on")
            said = await stage.until_answered(3)
            assert sorted(said) == ["new: say on", "old: say slowly", "old: say soon"]


@pytest.mark.slow  # discord.py waits 5 s before it identifies itself again
async def test_a_session_that_discord_does_not_know_any_more_is_begun_anew(stage: Stage) -> None:
    async with stage.on("old") as old:
        session = await old.leave()
    stage.local.gateway.invalidate()
    async with stage.on("new", session) as new:
        assert stage.resuming == ["new"]
        assert len(new.guilds) == 1
        await stage.alice.say("dev", "say on")
        assert await stage.until_answered(1) == ["new: say on"]
        gateway = [each.event for each in await stage.journal.list_by_kind(Kind.GATEWAY)]
        assert gateway.count("gateway.connect") == 2
        assert "gateway.resume" not in gateway


async def test_without_what_rest_tells_a_session_is_begun_anew(stage: Stage) -> None:
    async with stage.on("old") as old:
        session = await old.leave()
        assert session is not None
    fault = {"kind": "status", "status": 403, "path": "/users/@me/guilds", "times": None}
    await stage.alice.call("POST", "/local/faults", fault)
    async with stage.on("new", session) as new:
        assert stage.resuming == []
        assert len(new.guilds) == 1


async def test_one_that_never_connected_leaves_nothing(stage: Stage) -> None:
    client = make_client(stage.home, stage.journal, stage.local.guild_id)
    assert await client.leave() is None
    await client.close()


@pytest.mark.parametrize("trouble", [FakeFence.end_lead, FakeFence.hide_database])
async def test_a_client_that_may_not_lead_any_more_does_nothing_and_the_next_one_all_of_it(
    stage: Stage, trouble: Callable[[FakeFence], None]
) -> None:
    fence = FakeFence()
    async with stage.on("old", fence=fence) as old:
        await stage.alice.say("dev", "say one")
        await stage.until_answered(1)
        channel = old.get_partial_messageable(stage.local.dev_channel_id)
        trouble(fence)
        with pytest.raises((LeadershipLost, aiohttp.ClientConnectionError)):
            await channel.send("a second leader")
        # Everything that was handled is claimed, and what was not handled is not.
        await stage.alice.say("dev", "say two")
        async with stage.on("new", fence.claimed[-1]) as new:
            assert stage.resuming == ["new"]
            await stage.until_answered(2)
            channel = new.get_partial_messageable(stage.local.dev_channel_id)
            await channel.send("the only leader")
            assert await stage.answers() == ["old: say one", "new: say two", "the only leader"]


async def test_a_client_that_does_not_lead_cannot_connect(stage: Stage) -> None:
    fence = FakeFence()
    client = make_client(stage.home, stage.journal, stage.local.guild_id)
    client.set_fence(fence)
    point_discord_at(stage.local.api_url, stage.local.gateway_url)
    async with client:
        await client.login(stage.local.token)
        fence.end_lead()
        with pytest.raises(LeadershipLost):
            await client.connect(reconnect=False)
    assert not stage.local.gateway.online
