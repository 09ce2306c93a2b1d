"""Sessions, RESUME, intents and tokens: what the gateway owes a real client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.people import RESPONSE_LIMIT, people
from local_discord_tests.sample_bot import SampleBot, point_discord_at, run_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def quick() -> AsyncIterator[LocalDiscord]:
    """A server whose heartbeat is short."""
    server = LocalDiscord(people(), token="local-token", response_seconds=RESPONSE_LIMIT)
    server.gateway.heartbeat_interval = 0.2
    async with server:
        yield server


async def plant(alice: Person, **fault: Any) -> None:
    await alice.call("POST", "/local/faults", fault)


class Raw:
    """A gateway client by hand."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def next(self) -> Any:
        return await self.ws.receive_json(timeout=20)

    async def send(self, op: int, told: Any) -> None:
        await self.ws.send_json({"op": op, "d": told})

    async def identify(self, intents: int = 3276799) -> Any:
        await self.send(2, {"token": "local-token", "intents": intents, "properties": {}})
        return await self.next()

    async def closed(self) -> int | None:
        while (await self.ws.receive(timeout=20)).type is not aiohttp.WSMsgType.CLOSE:
            pass
        return self.ws.close_code


@asynccontextmanager
async def raw(local: LocalDiscord) -> AsyncIterator[Raw]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(local.gateway_url + "/?v=10&encoding=json") as ws,
    ):
        client = Raw(ws)
        assert (await client.next())["op"] == 10
        yield client


async def test_a_wrong_token_is_refused_over_rest_and_gateway(local: LocalDiscord) -> None:
    point_discord_at(local.api_url, local.gateway_url)
    async with discord.Client(intents=discord.Intents.none()) as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")
    async with raw(local) as client:
        await client.send(2, {"token": "wrong", "intents": 0})
        assert await client.closed() == 4004


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"op": 99, "d": null}', 4001),
        ("not json", 4002),
        ('{"op": 8, "d": {"guild_id": "1"}}', 4003),
        ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
    ],
)
async def test_a_wrong_frame_closes_with_discords_code(
    local: LocalDiscord, frame: str, code: int
) -> None:
    async with raw(local) as client:
        await client.ws.send_str(frame)
        assert await client.closed() == code


async def test_a_second_identify_closes_the_connection(local: LocalDiscord) -> None:
    async with raw(local) as client:
        await client.identify()
        await client.send(2, {"token": "local-token", "intents": 0})
        assert await client.closed() == 4005


async def test_ready_names_the_url_to_resume_at(local: LocalDiscord) -> None:
    async with raw(local) as client:
        ready = await client.identify()
        assert (ready["t"], ready["s"]) == ("READY", 1)
        assert ready["d"]["resume_gateway_url"] == local.gateway_url
        created = await client.next()
        assert (created["t"], created["s"]) == ("GUILD_CREATE", 2)
        await client.send(1, 2)
        assert (await client.next())["op"] == 11


async def test_an_unknown_session_cannot_be_resumed(local: LocalDiscord) -> None:
    async with raw(local) as client:
        await client.send(6, {"token": "local-token", "session_id": "gone", "seq": 3})
        assert await client.next() == {"op": 9, "d": False, "s": None, "t": None}
        assert (await client.identify())["t"] == "READY"


async def test_resume_replays_exactly_what_was_missed(local: LocalDiscord, alice: Person) -> None:
    async with raw(local) as client:
        ready = await client.identify()
        await client.next()
        await alice.say("dev", "seen")
        seen = await client.next()
        await plant(alice, kind="gateway_drop")
    for number in range(20):
        await alice.say("dev", f"missed {number}")
    async with raw(local) as client:
        session = {"session_id": ready["d"]["session_id"], "seq": seen["s"]}
        await client.send(6, {"token": "local-token", **session})
        frames = [await client.next() for _ in range(21)]
    assert [f["d"].get("content") for f in frames[:20]] == [f"missed {n}" for n in range(20)]
    assert [f["s"] for f in frames] == list(range(seen["s"] + 1, seen["s"] + 22))
    assert frames[20]["t"] == "RESUMED"


async def test_a_session_closed_with_1000_is_given_up(local: LocalDiscord) -> None:
    async with raw(local) as client:
        ready = await client.identify()
        await client.ws.close(code=1000)
    async with raw(local) as client:
        session = {"session_id": ready["d"]["session_id"], "seq": 1}
        await client.send(6, {"token": "local-token", **session})
        assert (await client.next())["op"] == 9


async def test_a_real_bot_loses_nothing_when_its_socket_is_cut(
    local: LocalDiscord, alice: Person
) -> None:
    async with run_bot(SampleBot(), local) as bot:
        for number in range(30):
            await alice.say("dev", f"message {number}")
            if number in (7, 19):
                await plant(alice, kind="gateway_drop")
        await bot.wait_until(lambda: len(bot.received) >= 30)
        assert [m.content for m in bot.received] == [f"message {n}" for n in range(30)]
        assert bot.resumed.is_set()


async def test_five_people_talk_while_the_socket_is_cut_and_every_word_is_answered_once(
    local: LocalDiscord, alice: Person
) -> None:
    async def talk(name: str, number: int) -> None:
        async with Person(local.base_url, name) as person:
            for turn in range(8):
                await person.say("dev", f"echo {number}.{turn}")
                if (number + turn) % 5 == 0:
                    await plant(alice, kind="gateway_drop")

    names = ("alice", "bob", "mallory", "alice", "bob")
    async with run_bot(SampleBot(), local) as bot:
        await asyncio.gather(*(talk(name, number) for number, name in enumerate(names)))
        await bot.wait_until(lambda: len(bot.received) >= 80)
    told = [m["content"] for m in await alice.list_messages("dev") if m["author"]["bot"]]
    assert sorted(told) == sorted(f"{n}.{t}" for n in range(5) for t in range(8))


async def test_a_real_bot_starts_a_new_session_when_its_own_is_invalid(
    local: LocalDiscord, alice: Person
) -> None:
    ready = asyncio.Event()
    async with run_bot(SampleBot(), local) as bot:
        bot.add_listener(_setter(ready), "on_ready")
        await plant(alice, kind="gateway_invalidate")
        async with asyncio.timeout(15):
            await ready.wait()
        await alice.say("dev", "echo again")
        await alice.wait_for("dev", lambda m: m["content"] == "again")


async def test_a_real_bot_reconnects_when_asked(local: LocalDiscord, alice: Person) -> None:
    async with run_bot(SampleBot(), local) as bot:
        await plant(alice, kind="gateway_reconnect")
        async with asyncio.timeout(15):
            await bot.resumed.wait()
        await alice.say("dev", "echo back")
        await alice.wait_for("dev", lambda m: m["content"] == "back")


async def test_a_refused_connection_is_tried_again(local: LocalDiscord, alice: Person) -> None:
    async with run_bot(SampleBot(), local) as bot:
        await plant(alice, kind="gateway_refuse")
        await plant(alice, kind="gateway_drop")
        async with asyncio.timeout(15):
            await bot.resumed.wait()


async def test_heartbeats_are_answered_and_their_absence_ends_the_connection(
    quick: LocalDiscord,
) -> None:
    async with raw(quick) as client:
        await client.send(1, None)
        assert (await client.next())["op"] == 11
        assert await client.closed() == 4009


async def test_a_bot_that_hears_no_acknowledgement_resumes(quick: LocalDiscord) -> None:
    async with (
        Person(quick.base_url, "alice") as alice,
        run_bot(SampleBot(heartbeat_timeout=0.5), quick) as bot,
    ):
        await plant(alice, kind="gateway_silence", times=6)
        async with asyncio.timeout(15):
            await bot.resumed.wait()


async def test_without_the_content_intent_only_what_is_addressed_can_be_read(
    local: LocalDiscord, alice: Person
) -> None:
    async with run_bot(SampleBot(content_intent=False), local) as bot:
        await alice.say("dev", "private talk")
        await alice.say("dev", "@Theseus hello")
        await alice.say("@alice", "a direct message")
        await bot.wait_until(lambda: len(bot.received) >= 3)
        read = [m.content for m in bot.received]
        assert read == ["", f"<@{local.bot_user_id}> hello", "a direct message"]
        said = await alice.say("dev", "menu target")
        told = await alice.use_menu("dev", "Fix this", said)
        assert told["message"]["content"] == "fixing menu target"


async def test_a_bot_without_message_intents_hears_nothing(
    local: LocalDiscord, alice: Person
) -> None:
    async with raw(local) as client:
        await client.identify(intents=1)
        await client.next()
        await alice.say("dev", "hello")
        await alice.call("POST", "/local/threads", _thread("alice"))
        assert (await client.next())["t"] == "THREAD_CREATE"


async def test_an_intent_the_portal_does_not_grant_is_refused(
    local: LocalDiscord, alice: Person
) -> None:
    await plant(alice, kind="disallow_intents", intents=["message_content"])
    point_discord_at(local.api_url, local.gateway_url)
    async with discord.Client(intents=discord.Intents.all()) as client:
        await client.login("local-token")
        assert not (await client.application_info()).flags.gateway_message_content_limited
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.connect()


async def test_members_can_be_asked_for(local: LocalDiscord) -> None:
    async with run_bot(SampleBot(), local) as bot:
        guild = bot.get_guild(local.guild_id)
        assert guild is not None
        found = await guild.query_members("mal")
        assert [m.name for m in found] == ["mallory"]
        ids = [local.people["bob"], 42]
        assert [m.name for m in await guild.query_members(user_ids=ids)] == ["bob"]


async def test_the_page_learns_when_the_bot_comes_and_goes(
    local: LocalDiscord, alice: Person
) -> None:
    assert not (await alice.get_world())["bot"]["online"]
    async with run_bot(SampleBot(), local):
        await alice.wait_for_bot()
        assert (await alice.get_world())["bot"]["online"]
    async for event in alice.stream_events():
        if event.get("bot_online") is False:
            break


def _setter(event: asyncio.Event) -> Any:
    async def on_ready() -> None:
        event.set()

    return on_ready


def _thread(user: str) -> dict[str, str]:
    return {"user": user, "channel": "dev", "name": "a thread"}
