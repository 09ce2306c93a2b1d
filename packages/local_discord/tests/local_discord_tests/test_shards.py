"""Several gateway clients of one bot, each for its shard, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import pytest
from local_discord.client import run_bot
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

INTENTS = 3276799
IDENTIFY = {"token": "local-token", "intents": INTENTS, "properties": {}}


class Listener(discord.Client):
    """One shard that notes the messages it receives, and how often it identified."""

    def __init__(self, shard: int, count: int = 2, wait: float = 0.0) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(
            intents=intents, shard_id=shard, shard_count=count, guild_ready_timeout=0.01
        )
        self.texts: list[str] = []
        self.identified = 0
        self._wait = wait

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        self.identified += 1
        if not initial:
            await asyncio.sleep(self._wait)  # discord.py waits 5 s

    async def on_message(self, message: discord.Message) -> None:
        self.texts.append(message.content)

    async def wait_for_text(self, text: str) -> None:
        if text not in self.texts:
            await self.wait_for("message", check=lambda each: each.content == text, timeout=10)


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    people = [LocalPerson("alice", listed=True), LocalPerson("bob", listed=False)]
    async with LocalDiscord(people, token="local-token") as opened:
        yield opened


@asynccontextmanager
async def identify(local: LocalDiscord, **more: object) -> AsyncIterator[list[object]]:
    """Yield the first answer to an IDENTIFY: opcode and event, or the code of the closing."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(local.gateway_url + "/?v=10&encoding=json") as ws,
    ):
        await ws.receive_json(timeout=5)
        await ws.send_json({"op": 2, "d": IDENTIFY | more})
        answer = await ws.receive(timeout=5)
        if answer.type is aiohttp.WSMsgType.CLOSE:
            yield [answer.data]
        else:
            frame = answer.json()
            yield [frame["op"], frame["t"]]


def iterate_shards(local: LocalDiscord) -> Iterator[int]:
    home = (local.guild_id >> 22) % 2
    yield home
    yield 1 - home


async def test_each_shard_gets_the_events_of_its_guilds_and_shard_0_direct_messages(
    local: LocalDiscord,
) -> None:
    home, away = iterate_shards(local)
    other, channel = local.add_guild("Elsewhere", ["alice"], shard=away, count=2)
    clients = {home: Listener(home), away: Listener(away)}
    async with (
        run_bot(clients[home], local),
        run_bot(clients[away], local),
        Person(local.base_url, "alice") as alice,
    ):
        assert [each.id for each in clients[home].guilds] == [local.guild_id]
        assert [each.id for each in clients[away].guilds] == [other]
        await alice.say("dev", "at home")
        await clients[home].wait_for_text("at home")
        await clients[home].get_partial_messageable(channel).send("elsewhere")
        await clients[away].wait_for_text("elsewhere")
        user = await clients[home].fetch_user(local.people["alice"])
        await user.send("directly")
        await clients[0].wait_for_text("directly")
        assert sorted(clients[0].texts + clients[1].texts) == ["at home", "directly", "elsewhere"]
        local.gateway.drop()  # RESUME keeps the shard
        await alice.say("dev", "again")
        await clients[home].wait_for_text("again")
        assert "again" not in clients[away].texts
        assert [each.identified for each in clients.values()] == [1, 1]


async def test_shards_that_identify_at_once_get_in_one_after_the_other(
    local: LocalDiscord,
) -> None:
    local.gateway.identify_seconds = 0.3
    local.add_guild("Elsewhere", ["alice"], shard=1 - (local.guild_id >> 22) % 2, count=2)
    first, second = Listener(0, wait=0.35), Listener(1, wait=0.35)
    async with run_bot(first, local), run_bot(second, local):
        assert {first.shard_id, second.shard_id} == {0, 1}
        assert len(first.guilds) == len(second.guilds) == 1
    assert first.identified + second.identified == 3, "one was refused once"


async def test_a_shard_that_cannot_be_is_refused(local: LocalDiscord) -> None:
    for shard in ([2, 2], [-1, 2], [0, 0]):
        async with identify(local, shard=shard) as answer:
            assert answer == [4010]
    async with identify(local, shard=[1, 2]) as answer:
        assert answer == [0, "READY"]
    local.gateway.identify_seconds = 60
    async with identify(local) as answer:
        assert answer == [9, None]
