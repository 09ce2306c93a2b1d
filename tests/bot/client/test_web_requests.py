"""Web requests of a cog are recorded with the request that caused them."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from local_discord.server import LocalDiscord
from theseus_observe.redaction import redact
from theseus_rehearsal.records import WebAnswer

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.telemetry import TrafficRecorder
from tests.fakes.fake_traffic import FakeSnapshots
from tests.support.live_client import Home, LiveClient, run_client

KEY = "ghp_" + "a1B2" * 9
COG = """
import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

class Web(commands.Cog):
    @app_commands.command()
    async def fetch(self, interaction: discord.Interaction, url: str, q: str) -> None:
        "Fetch something."
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=0.5), raise_for_status="busy" in url
        ) as session:
            headers = {"Authorization": "Bearer open-sesame-1234"}
            async with session.get(url, params={"q": q}, headers=headers) as response:
                text = await response.text()
        await interaction.response.send_message(text or "nothing")

async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Web())
"""


async def _found(request: web.Request) -> web.Response:
    told = {"for": request.query["q"], "key": KEY, "id": 123456789012345678}
    return web.json_response(told, headers={"Set-Cookie": "a=crumbs-1234", "X-Internal": "hidden"})


async def _busy(_request: web.Request) -> web.Response:
    return web.Response(status=429, headers={"Retry-After": "7", "X-RateLimit-Left": "0"})


async def _slow(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("nobody waits for this")


class Room:
    """A client, a web service, and the recorded traffic."""

    def __init__(
        self, live: LiveClient, service: str, recorder: TrafficRecorder, log: SqliteTraffic
    ) -> None:
        self.live = live
        self.service = service
        self.recorder = recorder
        self._log = log

    async def fetched(self, url: str, q: str = "alice") -> WebAnswer:
        """Return the recorded answers of the web."""
        await self.live.alice.run("dev", "fetch", url=url, q=q)
        async with asyncio.timeout(10):
            while True:
                await self.recorder.write(flush=True)
                if found := await self._log.list_recent("command.fetch"):
                    (answer,) = found[-1].web
                    return answer
                await asyncio.sleep(0.01)


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[Room]:
    home.write("cogs/web.py", COG)
    app = web.Application()
    app.add_routes([web.get("/found", _found), web.get("/busy", _busy), web.get("/slow", _slow)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    clock = SystemClock()
    port = runner.addresses[0][1]
    path = home.state / "traffic" / "traffic.sqlite3"
    async with SqliteTraffic(path, redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, b"salt", lambda: None)
        async with run_client(home, local, traffic=recorder) as live:
            yield Room(live, f"http://127.0.0.1:{port}", recorder, log)
    await runner.cleanup()


async def test_an_answer_is_kept_without_cookies_secrets_and_people(room: Room) -> None:
    answer = await room.fetched(f"{room.service}/found")
    assert answer.url == f"{room.service}/found?q=asker"
    assert (answer.method, answer.status, answer.error) == ("GET", 200, "")
    assert answer.headers == {"Content-Type": "application/json; charset=utf-8"}
    assert '"for": "asker"' in answer.body
    assert '"id": 100000000000000000' in answer.body
    folder = room.live.home.state / "traffic"
    disk = b"".join(each.read_bytes() for each in folder.iterdir())
    for secret in (KEY, "sesame", "crumbs", "hidden", "alice", "123456789012345678"):
        assert secret.encode() not in disk


async def test_a_refusal_is_kept_with_what_it_says_of_limits(room: Room) -> None:
    answer = await room.fetched(f"{room.service}/busy")
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["X-Ratelimit-Left"] == "0"


async def test_no_answer_is_kept_as_what_came_instead(room: Room) -> None:
    assert (await room.fetched(f"{room.service}/slow")).error == "timeout"


async def test_nobody_there_is_kept_as_refused(room: Room) -> None:
    assert (await room.fetched("http://127.0.0.1:9/")).error == "refused"


async def test_aiohttp_is_left_as_it_was(home: Home, local: LocalDiscord) -> None:
    before = aiohttp.ClientSession._request
    clock = SystemClock()
    async with SqliteTraffic(home.state / "traffic.sqlite3", redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, b"salt", lambda: None)
        async with run_client(home, local, traffic=recorder):
            assert aiohttp.ClientSession._request is not before
    assert aiohttp.ClientSession._request is before
