"""`GET /events`: ordered events, no silent loss, and no waiting for slow readers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.domain.journal import ActionOutcome, Kind
from bot.web import ChatConnection
from bot.web._counters import ActionCounter
from bot.web._event_feed import MAX_EVENTS, EventFeed
from bot.web._events import MOST_READERS, Events
from tests.bot.web.web_server import TOKEN, HttpClient, Room, bearer


@pytest.fixture
def room() -> Room:
    return Room()


class Stream:
    """One reader."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> dict[str, Any]:
        """Return the next event: its id, name and what it tells."""
        fields: dict[str, Any] = {}
        async with asyncio.timeout(20):
            while line := (await self.answer.content.readline()).decode():
                if line == "\n":
                    return fields
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = json.loads(value) if name == "data" else value
        raise EOFError


@asynccontextmanager
async def reading(client: HttpClient, **headers: str) -> AsyncIterator[Stream]:
    async with client.http.get(client.url + "/events", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield Stream(answer)


@asynccontextmanager
async def streaming(events: Events) -> AsyncIterator[int]:
    """Serve nothing but these events, with little room in the sockets between; lend the port."""
    app = web.Application()
    app.router.add_get("/events", events.serve)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    await web.SockSite(runner, listening).start()
    try:
        yield listening.getsockname()[1]
    finally:
        await runner.cleanup()


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, twenty seconds at most."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  what is asked tells nobody
            await asyncio.sleep(0.005)


async def test_runs_incidents_and_reloads_are_told_as_they_happen(room: Room) -> None:
    run = room.add_run()
    async with room.serving() as client, reading(client) as stream:
        assert (await stream.next())["event"] == "hello"
        await client.server.feed.look()
        room.store.runs[run.id] = run.replace(status="done", reason="Live at `abc`.")
        room.add_incident()
        room.services.recorder.record(Kind.RELOAD, "cogs.dice", ActionOutcome.OK)
        await client.server.feed.look()
        told = [await stream.next() for _ in range(3)]
    assert [each["event"] for each in told] == ["reload", "run", "incident"]
    assert told[0]["data"]["module"] == "cogs.dice"
    assert (told[1]["data"]["id"], told[1]["data"]["status"]) == ("k7m2xq", "done")
    assert told[2]["data"]["title"] == "/roll fails"


async def test_a_reader_that_comes_back_misses_nothing(room: Room) -> None:
    async with room.serving() as client:
        feed = client.server.feed
        async with reading(client) as stream:
            await stream.next()
            feed.add("run", {"id": "one"})
            last = (await stream.next())["id"]
        feed.add("run", {"id": "two"})
        feed.add("run", {"id": "three"})
        async with reading(client, **{"Last-Event-ID": last}) as stream:
            told = [await stream.next() for _ in range(3)]
    assert told[0]["event"] == "hello"
    assert [each["data"]["id"] for each in told[1:]] == ["two", "three"]


async def test_a_reader_who_missed_more_than_is_kept_is_told(room: Room) -> None:
    unknown = ("18c2f0-1", "x", "-", "-1", "9" * 400, "é", "1;2", "OWN-9999", "OWN-0", "OWN-")
    async with room.serving() as client:
        feed = client.server.feed
        for number in range(MAX_EVENTS + 10):
            feed.add("run", {"id": str(number)})
        for last in unknown:
            asked = last.replace("OWN", feed.format_id(0).partition("-")[0])
            async with reading(client, **{"Last-Event-ID": asked}) as stream:
                assert (await stream.next())["event"] == "reset"
                feed.add("run", {"id": "next"})
                assert (await stream.next())["data"]["id"] == "next"


async def test_readers_are_bounded_and_leave_room_when_they_leave(room: Room) -> None:
    async with room.serving() as client:
        async with AsyncExitStack() as stack:
            for _ in range(MOST_READERS):
                await stack.enter_async_context(reading(client))
            refused = [await client.get("/events") for _ in range(20)]
            assert {each.status for each in refused} == {503}
            assert (await client.get("/health")).status == 200
            assert client.server.feed.readers == MOST_READERS
        await until(lambda: not client.server.feed.readers)
        async with reading(client) as stream:
            await stream.next()


async def test_a_reader_who_does_not_read_is_cut_off_and_nobody_waits_for_him(room: Room) -> None:
    feed = EventFeed(room.services, ActionCounter())
    async with streaming(Events(feed, patience=0.05)) as port:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        _, writer = await asyncio.open_connection(sock=sock, limit=1_024)
        writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await until(lambda: feed.readers == 1)
        for _ in range(40):
            feed.add("run", {"reason": " " * 9_000})
        await until(lambda: feed.readers == 0)
        writer.close()


async def test_a_reader_who_falls_behind_what_is_kept_is_let_go(room: Room) -> None:
    feed = EventFeed(room.services, ActionCounter())
    async with streaming(Events(feed)) as port, aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/events") as answer:
            stream = Stream(answer)
            await stream.next()
            for number in range(MAX_EVENTS + 1):
                feed.add("run", {"id": str(number)})
            with pytest.raises(EOFError):
                await stream.next()
        assert len(feed.list_after(feed.last - MAX_EVENTS)) == MAX_EVENTS


async def test_silence_is_filled(room: Room) -> None:
    feed = EventFeed(room.services, ActionCounter())
    async with streaming(Events(feed, heartbeat=0.01)) as port, aiohttp.ClientSession() as http:
        answer = await http.get(f"http://127.0.0.1:{port}/events")
        lines = [await answer.content.readline() for _ in range(6)]
        assert b"event: hello\n" in lines
        assert lines[-2:] == [b": quiet\n", b"\n"]
        feed.close()
        assert (await answer.content.read()).replace(b": quiet\n\n", b"") == b""


async def test_it_takes_the_token_and_secrets_are_not_told(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        assert (await client.get("/events")).status == 401
        async with reading(client, **bearer()) as stream:
            await stream.next()
            key = "ghp_" + "a1B2" * 9
            client.server.feed.add(
                "run", {"reason": f"failed with {key}\n\nevent: forged\ndata: x"}
            )
            told = await stream.next()
            assert key not in json.dumps(told)
            assert told["event"] == "run"
            client.server.feed.add("run", {"id": "after"})
            assert (await stream.next())["data"]["id"] == "after"


async def test_the_loop_looks_often_only_while_somebody_follows(room: Room) -> None:
    room.connection = ChatConnection(ready=True)
    feed = EventFeed(room.services, ActionCounter())
    looking = asyncio.create_task(feed.run_forever())
    try:
        await room.clock.wait_until_asleep()
        room.add_run()
        await room.clock.advance(4.9)
        assert feed.last == 0
        feed.readers = 1
        await room.clock.advance(0.2)
        assert feed.last == 1
        room.add_run("other")
        await room.clock.advance(1.0)
        assert feed.last == 2
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
