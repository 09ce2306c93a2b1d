"""Requests on their way out and answers on their way back: unbuffered, unaltered, and paid."""

import asyncio
import gzip
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.domain.account import Account
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, Stopped, StoreError
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.support.gateway_room import (
    ALICES,
    BOBS,
    KEY,
    Answers,
    make_body,
    make_events,
    make_failing,
    open_gateway_room,
    start_stream,
)
from tests.twins.model._responses import encode_event

STOPPED = Stopped("Everything was stopped by **alice**.")


def holding(*pieces: bytes, then: asyncio.Event) -> Answers:
    """Send these pieces, then wait."""

    async def answer(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        for piece in pieces:
            await response.write(piece)
        await then.wait()
        return response

    return answer


async def test_each_piece_is_there_before_the_provider_sends_the_next(tmp_path: Path) -> None:
    seen = asyncio.Semaphore(0)

    async def one_by_one(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        for event in make_events():
            await response.write(event)
            await seen.acquire()
        return response

    async with (
        asyncio.timeout(20),
        open_gateway_room(tmp_path, one_by_one) as room,
        room.gateway.open_lease(ALICES) as lent,
        room.open_request(lent) as answer,
    ):
        for event in make_events():
            assert await answer.content.readexactly(len(event)) == event
            seen.release()
        assert await answer.read() == b""


@pytest.mark.parametrize("stream", [True, False])
async def test_what_was_used_is_read_from_the_answer_itself_and_charged(
    tmp_path: Path, stream: bool
) -> None:
    async with open_gateway_room(tmp_path) as room:
        async with room.gateway.open_lease(ALICES) as lent:
            status, answer = await room.ask(lent, make_body(stream=stream))
        (charge,) = room.charges
    assert status == 200
    assert not stream or answer == b"".join(make_events())
    assert (charge.tokens_in, charge.tokens_out) == (1_000, 200)
    assert charge.cost_usd == pytest.approx((1_000 * 2 + 200 * 10) / 1_000_000)
    assert (charge.account, charge.model) == (ALICES, "claude-sonnet-5-5")
    assert (charge.outcome, charge.status, charge.estimated) == ("ok", 200, False)


async def test_counting_tokens_costs_nothing(tmp_path: Path) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        answered = await room.ask(lent, path="/v1/messages/count_tokens?beta=true")
        (charge,) = room.charges
    assert answered == (200, b'{"input_tokens": 12}')
    assert (charge.outcome, Cost().add(charge)) == ("ok", Cost())
    assert room.provider.last.path == "/v1/messages/count_tokens"


async def test_a_packed_answer_is_unpacked_on_its_way(tmp_path: Path) -> None:
    async def packed(http: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(b"".join(make_events())), headers=headers)

    async with open_gateway_room(tmp_path, packed) as room, room.gateway.open_lease(ALICES) as lent:
        async with room.open_request(lent) as answer:
            assert "Content-Encoding" not in answer.headers
            assert await answer.read() == b"".join(make_events())
        assert room.charges[0].tokens_out == 200
    assert room.provider.last.headers["accept-encoding"] == "identity"


# ------------------------------------------------------------------- whatever becomes of a request


async def test_who_goes_away_ends_the_providers_work_and_pays_what_was_done(
    tmp_path: Path,
) -> None:
    never = asyncio.Event()
    pieces = make_events(text="x" * 3_000)[:3]
    async with (
        open_gateway_room(tmp_path, holding(*pieces, then=never)) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        async with room.open_request(lent) as answer:
            await answer.content.readexactly(sum(map(len, pieces)))
        async with asyncio.timeout(20):
            await room.provider.last.left.wait()
            while not room.charges:  # noqa: ASYNC110 - it is settled right after
                await asyncio.sleep(0)
        (charge,) = room.charges
    assert (charge.outcome, charge.estimated, charge.tokens_in) == ("cancelled", True, 1_000)
    assert charge.tokens_out == 1_000  # as many as it might have had


async def test_who_goes_away_before_the_first_word_pays_for_what_was_asked(tmp_path: Path) -> None:
    never = asyncio.Event()

    async def silent(http: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with open_gateway_room(tmp_path, silent) as room, room.gateway.open_lease(ALICES) as lent:
        asking = asyncio.create_task(room.ask(lent, make_body("x" * 3_000)))
        await room.provider.has_request.wait()
        asking.cancel()
        async with asyncio.timeout(20):
            await room.provider.last.left.wait()
            while not room.charges:  # noqa: ASYNC110 - it is settled right after
                await asyncio.sleep(0)
        (charge,) = room.charges
    assert (charge.outcome, charge.estimated, charge.tokens_out) == ("cancelled", True, 0)
    assert 1_000 <= charge.tokens_in <= 1_100


async def test_an_answer_that_breaks_off_is_told_as_broken_and_charged_as_a_guess(
    tmp_path: Path,
) -> None:
    async def breaks(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        for event in make_events(text="y" * 600)[:3]:
            await response.write(event)
        assert http.transport is not None
        http.transport.abort()
        return response

    async with open_gateway_room(tmp_path, breaks) as room, room.gateway.open_lease(ALICES) as lent:
        with pytest.raises(aiohttp.ClientError):
            await room.ask(lent)
        (charge,) = room.charges
    assert (charge.outcome, charge.estimated, charge.status) == ("error", True, 200)
    assert (charge.tokens_in, 300 <= charge.tokens_out <= 340) == (1_000, True)


async def test_an_error_in_the_middle_of_an_answer_is_passed_on_and_counts_as_one(
    tmp_path: Path,
) -> None:
    error = encode_event("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}})

    async def fails(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        for event in [*make_events()[:2], error]:
            await response.write(event)
        return response

    async with (
        open_gateway_room(tmp_path, fails, failures=1) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        _, answer = await room.ask(lent)
        assert answer.endswith(error)
        assert (await room.ask(lent))[0] == 503  # left alone after one failure
    assert [charge.outcome for charge in room.charges] == ["error", "refused"]


async def test_a_provider_that_is_not_there_is_told_and_costs_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with (
        open_gateway_room(tmp_path, base_url=closed) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        status, answer = await room.ask(lent)
        (charge,) = room.charges
    assert status == 502
    assert b"connection to the model's provider failed" in answer
    assert (charge.outcome, charge.status, Cost().add(charge)) == ("error", 502, Cost())


ENDS: list[tuple[Answers, object, str, int, str]] = [
    (make_failing(500), None, "/v1/messages", 500, "error"),
    (make_failing(400), None, "/v1/messages", 400, "error"),
    (make_failing(429), None, "/v1/messages", 429, "error"),
    (make_failing(302, {"Location": "/elsewhere"}), None, "/v1/messages", 502, "error"),
    (make_failing(204), None, "/v1/messages", 502, "error"),
    (make_failing(200), b"no json", "/v1/messages", 400, "refused"),
    (make_failing(200), None, "/v1/models", 404, "refused"),
    (make_failing(200), {"model": "x", "messages": "none"}, "/v1/messages", 400, "refused"),
]


@pytest.mark.parametrize(("answer", "asked", "path", "status", "outcome"), ENDS)
async def test_whatever_becomes_of_a_request_it_is_written_down_once(
    tmp_path: Path, answer: Answers, asked: object, path: str, status: int, outcome: str
) -> None:
    async with open_gateway_room(tmp_path, answer) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, asked, path=path))[0] == status
        (charge,) = room.charges
        assert not room.spend_guard.held
    assert (charge.status, charge.outcome, charge.cost_usd) == (status, outcome, 0)
    assert len(room.provider.requests) == (outcome == "error")
    assert charge.note


@pytest.mark.parametrize("why", [BudgetSpent("The day's budget is spent."), STOPPED])
async def test_what_the_toll_refuses_is_not_asked_and_the_pass_knows_why(
    tmp_path: Path, why: BudgetSpent | Stopped
) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert lent.refused() is None
        room.spend_guard.refuses_with = why
        async with room.open_request(lent) as answer:
            told_error = (await answer.json())["error"]
            assert (answer.status, answer.headers["x-should-retry"]) == (403, "false")
        assert told_error == {"type": "permission_error", "message": str(why)}
        assert lent.refused() is why
        assert await lent.closing() == str(why)
        room.spend_guard.refuses_with = None
        assert (await room.ask(lent))[0] == 200
        assert lent.refused() is None
    first, _ = room.charges
    assert (first.outcome, first.note) == ("refused", str(why))
    assert len(room.provider.requests) == 1


async def test_what_cannot_be_counted_does_not_go_out(tmp_path: Path) -> None:
    class Broken(FakeSpendGuard):
        async def admit(self, account: Account, most: Cost, request: str) -> str:
            raise StoreError("The ledger cannot be written.")

    async with (
        open_gateway_room(tmp_path, spend_guard=Broken()) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        assert (await room.ask(lent))[0] == 503
        assert [charge.outcome for charge in room.charges] == ["refused"]
    assert not room.provider.requests


async def test_a_stop_cuts_the_answer_under_way_at_once(tmp_path: Path) -> None:
    never = asyncio.Event()
    begun = holding(*make_events()[:2], then=never)
    async with open_gateway_room(tmp_path, begun) as room, room.gateway.open_lease(ALICES) as lent:
        with pytest.raises(aiohttp.ClientError):
            async with asyncio.timeout(20), room.open_request(lent) as answer:
                await answer.content.readexactly(len(make_events()[0]))
                assert await room.gateway.stop_all(STOPPED) == 1
                assert room.charges[0].outcome == "cancelled"
                await answer.read()
        assert lent.refused() is STOPPED
        assert await room.gateway.stop_all(STOPPED) == 0
    assert room.provider.last.left.is_set()


# --------------------------------------------------------------------------------- the last words


async def test_the_model_is_told_that_these_are_its_last_words(tmp_path: Path) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        room.spend_guard.reserve_usd = room.spend_guard.usd
        for words in ("Hello.", [{"type": "text", "text": "Hello."}]):
            await room.ask(lent, make_body(words))
            (message,) = room.provider.last.body["messages"]
            first, last = message["content"]
            assert first == {"type": "text", "text": "Hello."}
            assert last["text"] == "<system-reminder>Only last words.</system-reminder>"
        assert await lent.closing() == "Only last words."


async def test_where_the_whole_answer_would_be_too_dear_a_short_one_is_asked_for(
    tmp_path: Path,
) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        for usd, tokens in ((0.5, 32_000), (0.2, 8_000), (0.05, 2_000)):
            room.spend_guard.usd = room.spend_guard.total_cost + usd
            assert (await room.ask(lent, make_body(max_tokens=32_000)))[0] == 200
            assert room.provider.last.body["max_tokens"] == tokens
        room.spend_guard.usd = room.spend_guard.total_cost + 0.005
        assert (await room.ask(lent, make_body(max_tokens=32_000)))[0] == 403
        assert isinstance(lent.refused(), BudgetSpent)
        room.spend_guard.usd = room.spend_guard.total_cost + 0.05
        thinking = {"type": "enabled", "budget_tokens": 16_000}
        assert (await room.ask(lent, make_body(max_tokens=32_000, thinking=thinking)))[0] == 403
    assert len(room.charges) == 5


# -------------------------------------------------------------------------------------- the passes


async def test_who_is_charged_can_change_and_a_request_under_way_stays_whose_it_was(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()
    async with (
        open_gateway_room(tmp_path, holding(*make_events(), then=gate)) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        first = asyncio.create_task(room.ask(lent))
        await room.provider.has_request.wait()
        lent.charge_to(BOBS)
        gate.set()
        await first
        await room.ask(lent)
    assert [charge.account for charge in room.charges] == [ALICES, BOBS]


async def test_leaving_the_block_cuts_what_is_under_way_and_it_is_settled_by_then(
    tmp_path: Path,
) -> None:
    never = asyncio.Event()
    async with open_gateway_room(tmp_path, holding(*make_events()[:1], then=never)) as room:
        async with room.gateway.open_lease(ALICES) as lent:
            asking = asyncio.create_task(room.ask(lent))
            await room.provider.has_request.wait()
        assert [charge.outcome for charge in room.charges] == ["cancelled"]
        with pytest.raises(aiohttp.ClientError):
            await asking


async def test_the_same_door_stands_as_a_file_that_only_we_may_open(tmp_path: Path) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert lent.socket is not None
        assert lent.socket.stat().st_mode & 0o777 == 0o600
        assert lent.socket.parent.stat().st_mode & 0o777 == 0o700
        connector = aiohttp.UnixConnector(str(lent.socket))
        async with aiohttp.ClientSession(connector=connector) as inside:
            url = f"{lent.base_url}/v1/messages"
            async with inside.post(
                url, json=make_body(), headers={"x-api-key": lent.token}
            ) as answer:
                assert await answer.read() == b"".join(make_events())
            async with inside.post(url, json=make_body(), headers={"x-api-key": KEY}) as answer:
                assert answer.status == 401
    assert not lent.socket.exists()


async def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere_that_goes_with_it(
    tmp_path: Path,
) -> None:
    deep = tmp_path.joinpath(*["deep" * 10] * 4)
    async with open_gateway_room(deep) as room, room.gateway.open_lease(ALICES) as lent:
        assert lent.socket is not None
        assert len(str(lent.socket)) < 100
        assert lent.socket.parent.stat().st_mode & 0o777 == 0o700
    assert not lent.socket.parent.exists()


async def test_a_socket_left_by_a_bot_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "gateway/model.sock"))
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent))[0] == 200


async def test_a_line_opened_early_is_answered_here(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path) as room,
        room.gateway.open_lease(ALICES) as lent,
        room.client.head(lent.base_url + "/") as answer,
    ):
        assert answer.status == 200
    assert (room.provider.requests, room.charges) == ([], [])
