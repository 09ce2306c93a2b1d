"""Slow, silent or many clients of the gateway block neither others nor their budget."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bot.adapters.model_gateway._connection_limiter import GatewayLimits
from bot.ports.model_gateway import GatewayLease
from tests.support.gateway_room import (
    ALICES,
    BOBS,
    make_body,
    make_events,
    open_gateway_room,
    start_stream,
)

SOON = 0.05
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def line(lent: GatewayLease, *, file: bool = False) -> AsyncIterator[Line]:
    """Open a connection to the gateway."""
    parts = urlsplit(lent.base_url)
    if file:
        reader, writer = await asyncio.open_unix_connection(str(lent.socket))
    else:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def cut(reader: asyncio.StreamReader) -> bytes:
    """Return what is still said before the line is cut."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


def head(lent: GatewayLease, length: int) -> bytes:
    """Return the beginning of a good request."""
    return (
        "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"x-api-key: {lent.token}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    "said", [b"", b"POST /v1/messages HTTP/1.1\r\nHost: 127", b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"]
)
async def test_who_shows_no_pass_in_time_is_cut(tmp_path: Path, said: bytes) -> None:
    async with (
        open_gateway_room(tmp_path, limits=GatewayLimits(first=SOON)) as room,
        room.gateway.open_lease(ALICES) as lent,
        line(lent) as (reader, writer),
    ):
        writer.write(said)
        await cut(reader)
        assert (await room.ask(lent))[0] == 200


async def test_who_had_a_pass_and_says_nothing_more_is_cut(tmp_path: Path) -> None:
    sent = json.dumps(make_body()).encode()
    async with (
        open_gateway_room(tmp_path, limits=GatewayLimits(idle=SOON)) as room,
        room.gateway.open_lease(ALICES) as lent,
        line(lent) as (reader, writer),
    ):
        writer.write(head(lent, len(sent)) + sent)
        assert b"message_stop" in await cut(reader)


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, limits=GatewayLimits(body=SOON, idle=SOON)) as room,
        room.gateway.open_lease(ALICES) as lent,
        line(lent) as (reader, writer),
    ):
        writer.write(head(lent, 1_000) + b"{")
        assert (await cut(reader)).startswith(b"HTTP/1.1 408 ")
        assert [charge.outcome for charge in room.charges] == ["refused"]
        assert not room.provider.requests


async def test_many_large_bodies_of_one_pass_are_read_two_at_a_time(tmp_path: Path) -> None:
    sent = json.dumps(make_body()).encode()
    async with (
        open_gateway_room(tmp_path) as room,
        room.gateway.open_lease(ALICES) as lent,
        room.gateway.open_lease(BOBS) as bobs,
        line(lent) as (one, first),
        line(lent) as (_, second),
        line(lent) as (_, third),
    ):
        for writer in (first, second):
            writer.write(head(lent, len(sent)) + sent[:-1])
            async with asyncio.timeout(20):
                await writer.drain()
        third.write(head(lent, len(sent)) + sent)
        assert (await room.ask(bobs))[0] == 200
        assert len(room.provider.requests) == 1
        first.write(sent[-1:])
        async with asyncio.timeout(20):
            assert (await one.readline()).startswith(b"HTTP/1.1 200")


async def test_who_does_not_take_the_answer_holds_no_money(tmp_path: Path) -> None:
    async def endless(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        await response.write(b"".join(make_events()[:2]))
        while True:
            await response.write(b": " + b"x" * 65_536 + b"\n")

    sent = json.dumps(make_body()).encode()
    async with (
        open_gateway_room(tmp_path, endless, limits=GatewayLimits(drain=SOON)) as room,
        room.gateway.open_lease(ALICES) as lent,
        line(lent) as (_, writer),
    ):
        writer.write(head(lent, len(sent)) + sent)
        async with asyncio.timeout(20):
            await room.provider.has_request.wait()
            await room.provider.last.left.wait()
            while not room.charges:  # noqa: ASYNC110 - it is settled right after
                await asyncio.sleep(0)
        (charge,) = room.charges
        assert not room.spend_guard.held
    assert (charge.outcome, charge.estimated, charge.tokens_in) == ("cancelled", True, 1_000)
    assert "did not read" in charge.note


async def test_a_crowd_at_the_port_is_turned_away_and_the_file_stays_open(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, limits=GatewayLimits(connections=8)) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        traffic = [line(lent) for _ in range(100)]
        lines = await asyncio.gather(*(each.__aenter__() for each in traffic))
        waiting = {asyncio.create_task(cut(reader)) for reader, _ in lines}
        async with asyncio.timeout(20):
            while len(waiting) > 8:
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        sent = json.dumps(make_body()).encode()
        async with line(lent, file=True) as (reader, writer):
            writer.write(head(lent, len(sent)) + sent)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert len(waiting) == 8
        for each in traffic:
            await each.__aexit__(None, None, None)
        await asyncio.wait(waiting)


async def test_one_pass_cannot_take_up_the_whole_gateway(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def waits(http: web.Request) -> web.StreamResponse:
        await go.wait()
        return await start_stream(http)

    async with (
        open_gateway_room(tmp_path, waits, limits=GatewayLimits(at_once=3)) as room,
        room.gateway.open_lease(ALICES) as lent,
        room.gateway.open_lease(BOBS) as bobs,
    ):
        asking = [asyncio.create_task(room.ask(lent)) for _ in range(4)]
        (first, *_), _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        assert first.result()[0] == 429
        others = asyncio.create_task(room.ask(bobs))
        async with asyncio.timeout(20):
            while len(room.provider.requests) < 4:
                room.provider.has_request.clear()
                await room.provider.has_request.wait()
        go.set()
        assert (await others)[0] == 200
        assert sorted(status for status, _ in await asyncio.gather(*asking)) == [200, 200, 200, 429]


async def test_who_asks_on_and_on_after_refusals_is_answered_slowly(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, limits=GatewayLimits(refusals=2)) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        for path in ("/v1/models", "/v1/files", "/v1/messages", "/v1/models", "/v1/files"):
            await room.ask(lent, path=path)
        asking = asyncio.create_task(room.ask(lent, path="/v1/models"))
        await room.clock.wait_until_asleep()
        assert not asking.done()
        room.clock.tick(1)
        assert (await asking)[0] == 404
