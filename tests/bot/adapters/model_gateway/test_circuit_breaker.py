"""When the provider is asked, and when it is left alone: on a clock that tests move."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.fake_clock import START
from tests.support.gateway_room import (
    ALICES,
    BOBS,
    answer_normally,
    make_body,
    make_events,
    make_failing,
    open_gateway_room,
    start_stream,
)

LATER = START + timedelta(minutes=10)
UNIFIED = "anthropic-ratelimit-unified-reset"
REQUESTS = "anthropic-ratelimit-requests"
TOKENS = "anthropic-ratelimit-tokens"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "0.4"}, 0.4),
        ({"retry-after": format_datetime(LATER)}, 600),
        ({UNIFIED: f"{LATER.timestamp():.0f}"}, 600),
        ({"retry-after": "5", UNIFIED: f"{START.timestamp() - 60}"}, 5),
        ({"retry-after": "1e12"}, 32 * 86_400),
        ({f"{REQUESTS}-remaining": "0", f"{REQUESTS}-reset": LATER.isoformat()}, 600),
        ({f"{TOKENS}-remaining": "7", f"{TOKENS}-reset": LATER.isoformat()}, None),
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "2026-11-21T15:00:00"}, None),
    ],
)
async def test_until_the_time_the_provider_names_nothing_is_asked(
    tmp_path: Path, headers: Mapping[str, str], seconds: float | None
) -> None:
    async with (
        open_gateway_room(tmp_path, make_failing(429, headers)) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        assert (await room.ask(lent))[0] == 429
        until = None if seconds is None else START + timedelta(seconds=seconds)
        assert lent.limited_until() == until
        room.provider.answer = answer_normally
        async with room.open_request(lent) as answer:
            assert answer.status == (200 if seconds is None else 429)
            if seconds is not None:
                assert int(answer.headers["retry-after"]) == -(-seconds // 1)
        if seconds is not None:
            await room.clock.advance(seconds)
            assert (await room.ask(lent))[0] == 200
            assert lent.limited_until() is None
    refused = [charge for charge in room.charges if charge.outcome == "refused"]
    assert len(refused) == (seconds is not None)


async def test_a_limit_of_one_model_leaves_the_others_alone_and_one_of_the_account_does_not(
    tmp_path: Path,
) -> None:
    opus = make_body(model="claude-opus-5-5")
    async with (
        open_gateway_room(tmp_path, make_failing(429, {"retry-after": "30"})) as room,
        room.gateway.open_lease(ALICES) as lent,
        room.gateway.open_lease(BOBS) as other,
    ):
        assert (await room.ask(lent))[0] == 429
        room.provider.answer = answer_normally
        assert (await room.ask(other, opus))[0] == 200
        assert (await room.ask(other))[0] == 429
        assert other.limited_until() == START + timedelta(seconds=30)
        room.provider.answer = make_failing(429, {UNIFIED: f"{LATER.timestamp()}"})
        await room.ask(lent, opus)
        assert (await room.ask(other, make_body(model="claude-haiku-5-5")))[0] == 429


async def test_after_some_failures_in_a_row_it_is_left_alone_and_then_one_request_tries(
    tmp_path: Path,
) -> None:
    async with (
        open_gateway_room(tmp_path, make_failing(529), failures=3, rest=30.0) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        for status in (529, 529, 529, 503, 503):
            assert (await room.ask(lent))[0] == status
        assert len(room.provider.requests) == 3
        await room.clock.advance(29.9)
        async with room.open_request(lent) as answer:
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        await room.clock.advance(0.2)
        gate = asyncio.Event()

        async def slowly_fails(http: web.Request) -> web.StreamResponse:
            await gate.wait()
            return web.Response(status=500)

        room.provider.answer = slowly_fails
        room.provider.has_request.clear()
        trial = asyncio.create_task(room.ask(lent))
        await room.provider.has_request.wait()
        assert (await room.ask(lent))[0] == 503  # one tries, the others wait for it
        gate.set()
        assert (await trial)[0] == 500
        assert (await room.ask(lent))[0] == 503  # and again it is left alone
        await room.clock.advance(31)
        room.provider.answer = answer_normally
        assert [(await room.ask(lent))[0] for _ in range(3)] == [200, 200, 200]
    assert len(room.provider.requests) == 7


async def test_failures_of_different_kinds_are_counted_separately(tmp_path: Path) -> None:
    async def cut(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        await response.write(make_events()[0])
        assert http.transport is not None
        http.transport.abort()
        return response

    async with (
        open_gateway_room(tmp_path, failures=3, rest=30.0) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        for answer in (make_failing(529), make_failing(500), cut) * 2:
            room.provider.answer = answer
            with suppress(aiohttp.ClientError):
                await room.ask(lent)
        room.provider.answer = cut
        with suppress(aiohttp.ClientError):
            await room.ask(lent)  # the third of its kind: the provider is left alone
        status, text = await room.ask(lent)
        assert (status, len(room.provider.requests)) == (503, 7)
        assert b"because it broke off its answer 3 times in a row." in text
        await room.clock.advance(31)
        room.provider.answer = make_failing(529)
        assert (await room.ask(lent))[0] == 529
        status, text = await room.ask(lent)  # after a rest, one failure of any kind is enough
        assert (status, len(room.provider.requests)) == (503, 8)
        assert b"because it was overloaded 3 times in a row." in text


async def test_a_trial_that_is_given_up_lets_the_next_one_try(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, make_failing(500), failures=1) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        await room.ask(lent)
        await room.clock.advance(31)

        async def silent(http: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            return web.Response()

        room.provider.answer = silent
        room.provider.has_request.clear()
        async with room.gateway.open_lease(BOBS) as other:
            trial = asyncio.create_task(room.ask(other))
            await room.provider.has_request.wait()
        await asyncio.wait({trial})
        room.provider.answer = answer_normally
        assert (await room.ask(lent))[0] == 200
        assert not trial.cancelled()
        assert trial.exception()


async def test_a_mistake_of_the_programs_is_no_failure_of_the_providers(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, make_failing(400), failures=2) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        for status in (500, 400, 500, 404, 500):
            room.provider.answer = make_failing(status)
            assert (await room.ask(lent))[0] == status
