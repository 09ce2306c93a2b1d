"""Ways to be charged less than the provider takes: none of them is one."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.model_gateway._model_request import TOKENS_A_DOCUMENT
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.budget import BudgetRules
from tests.fakes.fake_clock import START, FakeClock
from tests.support.gateway_room import (
    ALICES,
    Answers,
    GatewayRoom,
    Json,
    make_body,
    make_events,
    open_gateway_room,
    start_stream,
)
from tests.twins.model._responses import encode_event

IN, OUT = 2 / 1_000_000, 10 / 1_000_000  # dollars, of the model that is asked
LONG = "z" * 900


def saying(*events: bytes) -> Answers:
    """Stream these events, and end."""

    async def answer(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        for event in events:
            await response.write(event)
        return response

    return answer


def started(**usage: object) -> bytes:
    """Return the beginning of an answer."""
    return encode_event("message_start", {"message": {"id": "msg_1", "usage": usage}})


def ended(**more: object) -> bytes:
    """Return the final usage report."""
    return encode_event("message_delta", {"delta": {}, **more})


def wrote(text: str) -> bytes:
    """Return what the model writes."""
    delta = {"type": "text_delta", "text": text}
    return encode_event("content_block_delta", {"index": 0, "delta": delta})


STOP = encode_event("message_stop", {})
TOLD = started(input_tokens=1_000, output_tokens=1)


async def test_a_word_the_program_chose_does_not_hide_the_last_word_about_usage(
    tmp_path: Path,
) -> None:
    delta = {"stop_reason": "stop_sequence", "stop_sequence": "content_block_delta"}
    last = encode_event("message_delta", {"delta": delta, "usage": {"output_tokens": 700}})
    async with open_gateway_room(tmp_path, saying(TOLD, last, STOP)) as room:
        async with room.gateway.open_lease(ALICES) as lent:
            await room.ask(lent, make_body(stop_sequences=["content_block_delta"]))
        (charge,) = room.charges
    assert (charge.tokens_out, charge.estimated) == (700, False)


SHORT_OF: dict[str, tuple[bytes, ...]] = {
    "no last word": (TOLD, wrote(LONG), STOP),
    "a last word without usage": (TOLD, wrote(LONG), ended(), STOP),
    "no usage at all": (started(), wrote(LONG), ended(), STOP),
    "less than nothing in": (
        started(input_tokens=-9),
        wrote(LONG),
        ended(usage={"output_tokens": 450}),
        STOP,
    ),
    "nothing out": (TOLD, wrote(LONG), ended(usage={"output_tokens": None}), STOP),
}


@pytest.mark.parametrize("events", SHORT_OF.values(), ids=SHORT_OF)
async def test_usage_that_is_not_told_or_cannot_be_is_guessed_from_what_went_by(
    tmp_path: Path, events: tuple[bytes, ...]
) -> None:
    async with open_gateway_room(tmp_path, saying(*events)) as room:
        async with room.gateway.open_lease(ALICES) as lent:
            await room.ask(lent, make_body("y" * 3_000))
        (charge,) = room.charges
    assert charge.estimated
    assert charge.tokens_in >= 1_000
    assert charge.tokens_out >= 450


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"server_tool_use": {"web_search_requests": 3}}, 0.03),
        (
            {
                "iterations": [
                    {"type": "compaction", "input_tokens": 50_000, "output_tokens": 500},
                    {"type": "message", "input_tokens": 1_000, "output_tokens": 100},
                ]
            },
            50_000 * IN + 500 * OUT,
        ),
    ],
    ids=["searches", "rounds"],
)
async def test_what_is_used_besides_is_charged_as_well(
    tmp_path: Path, usage: Mapping[str, object], usd: float
) -> None:
    plain = {"input_tokens": 1_000, "output_tokens": 100}
    answer = saying(TOLD, ended(usage={**plain, **usage}), STOP)
    async with open_gateway_room(tmp_path, answer) as room, room.gateway.open_lease(ALICES) as lent:
        await room.ask(lent)
        (charge,) = room.charges
    assert charge.cost_usd == pytest.approx(1_000 * IN + 100 * OUT + usd)


@pytest.mark.parametrize(
    ("answered", "times"), [("claude-opus-5-5", 2.0), ("claude-haiku-5-5", 1.0), ("a-proxys", 1.0)]
)
async def test_where_a_dearer_model_answers_its_price_is_paid(
    tmp_path: Path, answered: str, times: float
) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 1}
    start = encode_event("message_start", {"message": {"model": answered, "usage": usage}})
    async with open_gateway_room(tmp_path, saying(start, *make_events()[4:])) as room:
        async with room.gateway.open_lease(ALICES) as lent:
            await room.ask(lent)
        (charge,) = room.charges
    assert charge.cost_usd == pytest.approx((1_000 * IN + 200 * OUT) * times)


@pytest.mark.parametrize("most", [None, 0, -1, 1.5, "9", True, 10**7, 10**400])
async def test_a_request_that_does_not_say_how_long_its_answer_may_be_is_not_asked(
    tmp_path: Path, most: object
) -> None:
    asked = make_body(max_tokens=most)
    if most is None:
        del asked["max_tokens"]
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        status, answer = await room.ask(lent, asked)
        counted = await room.ask(lent, asked, path="/v1/messages/count_tokens")
    assert (status, counted[0]) == (400, 200)
    assert b"max_tokens" in answer
    assert len(room.provider.requests) == 1


async def held(room: GatewayRoom, more: Json) -> tuple[float, int]:
    """Return the dollars and tokens in that were held for a request."""
    async with room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, make_body(**more)))[0] == 200
    _, _, most = room.spend_guard.asked[-1]
    return most.cost_usd, most.tokens_in


async def test_what_is_dearer_than_its_size_is_held_back_for_what_it_may_cost(
    tmp_path: Path,
) -> None:
    def with_block(**block: object) -> Json:
        said = [{"role": "user", "content": [{"type": "text", "text": "y" * 6_000, **block}]}]
        return {"messages": said}

    def sent(kind: str, media_type: str) -> Json:
        source = {"type": "base64", "media_type": media_type, "data": "JVBERi0x" * 10}
        return {"messages": [{"role": "user", "content": [{"type": kind, "source": source}]}]}

    async with open_gateway_room(tmp_path) as room:
        plain, _ = await held(room, with_block(cache_control={"type": "ephemeral"}))
        hour, _ = await held(room, with_block(cache_control={"type": "ephemeral", "ttl": "1h"}))
        out = 1_000 * OUT
        assert (hour - out) == pytest.approx((plain - out) * 2 / 1.25, rel=0.01)
        assert (await held(room, sent("document", "application/pdf")))[1] >= TOKENS_A_DOCUMENT
        assert (await held(room, sent("image", "image/png")))[1] >= 4_784
        assert (await held(room, with_block(text="説" * 1_000)))[1] >= 2_000


async def test_more_tokens_than_there_are_leave_no_money_held(tmp_path: Path) -> None:
    answer = saying(TOLD, ended(usage={"output_tokens": 10**400}), STOP)
    async with open_gateway_room(tmp_path, answer) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent))[0] == 200
        assert not room.spend_guard.held
        assert len(room.charges) == 1


async def test_text_that_has_more_tokens_than_its_size_tells_is_held_back_for_from_then_on(
    tmp_path: Path,
) -> None:
    dense = json.dumps(make_body("0f9a" * 5_000))
    answer = saying(started(input_tokens=13_400), ended(usage={"output_tokens": 9}), STOP)
    async with open_gateway_room(tmp_path, answer) as room, room.gateway.open_lease(ALICES) as lent:
        for _ in range(3):
            await room.ask(lent, dense.encode())
    first, second, third = (most.tokens_in for _, _, most in room.spend_guard.asked)
    assert first < 13_400 <= second == third < 13_500


async def test_a_file_somebody_left_at_the_provider_cannot_be_named(tmp_path: Path) -> None:
    source = {"type": "file", "file_id": "file_011"}
    said = [{"role": "user", "content": [{"type": "document", "source": source}]}]
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, make_body(messages=said)))[0] == 403
        assert not room.provider.requests


async def test_a_request_that_was_sent_and_never_answered_is_charged_as_a_guess(
    tmp_path: Path,
) -> None:
    async def hangs_up(http: web.Request) -> web.StreamResponse:
        room.clock.tick(6)
        assert http.transport is not None
        http.transport.abort()
        return web.Response()

    async with (
        open_gateway_room(tmp_path, hangs_up) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        for asked in (make_body("y" * 3_000), make_body("y" * 3_000, stream=False)):
            assert (await room.ask(lent, asked))[0] == 502
        streamed, whole = room.charges
    assert (streamed.outcome, streamed.estimated, streamed.tokens_out) == ("error", True, 0)
    assert streamed.cost_usd >= 1_000 * IN * 1.25
    assert whole.tokens_out == 600  # it may have been written completely and then lost


@pytest.mark.parametrize(
    ("thinking", "tokens_out"), [({"type": "adaptive"}, 500), ({"type": "disabled"}, 1)]
)
async def test_thoughts_that_are_not_shown_are_charged_where_the_answer_is_cut(
    tmp_path: Path, thinking: Json, tokens_out: int
) -> None:
    async def thinks(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        await response.write(TOLD)
        room.clock.tick(5)
        assert http.transport is not None
        http.transport.abort()
        return response

    async with open_gateway_room(tmp_path, thinks) as room, room.gateway.open_lease(ALICES) as lent:
        with pytest.raises(aiohttp.ClientError):
            await room.ask(lent, make_body(thinking=thinking))
        (charge,) = room.charges
    assert (charge.tokens_in, charge.tokens_out) == (1_000, tokens_out)


async def test_a_kill_in_the_middle_of_an_answer_charges_what_was_streamed(tmp_path: Path) -> None:
    """The most is what the request allows: 64,000 tokens. Only a few hundred were streamed."""
    go_on = asyncio.Event()

    async def streams(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        delta = {"type": "text_delta", "text": "x" * 600}
        await response.write(make_events(tokens_in=1_000)[0])
        for _ in range(20):
            await response.write(encode_event("content_block_delta", {"index": 0, "delta": delta}))
        await go_on.wait()
        return response

    path = tmp_path / "ledger.sqlite3"
    ledger = SqliteLedger(path)
    enforcer = BudgetEnforcer(ledger, FakeClock(), BudgetRules())
    async with (
        open_gateway_room(tmp_path, streams, enforcer=enforcer) as room,
        room.gateway.open_lease(ALICES) as lent,
        room.open_request(lent, make_body(max_tokens=64_000)) as answer,
    ):
        received = 0
        while received < 12_000:
            received += len(await answer.content.readany())
        await ledger.close()  # the file is left as a killed program leaves it
        async with SqliteLedger(path) as again:
            [lost] = await again.list_charges(since=START)
        go_on.set()
    assert (lost.outcome, lost.estimated, lost.account) == ("cancelled", True, ALICES)
    assert lost.note.endswith("what was streamed is counted.")
    assert lost.tokens_in == 1_000
    assert 6_000 <= lost.tokens_out <= 6_000 + 4_000  # what was streamed, and a bit ahead


async def test_a_kill_before_the_first_word_charges_no_words(tmp_path: Path) -> None:
    """The model is silent. Its input is charged, and what it may have thought unseen by then."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def is_silent(http: web.Request) -> web.StreamResponse:
        await http.read()
        asked.set()
        await go_on.wait()
        return await start_stream(http)

    path = tmp_path / "ledger.sqlite3"
    ledger = SqliteLedger(path)
    enforcer = BudgetEnforcer(ledger, FakeClock(), BudgetRules())
    async with (
        open_gateway_room(tmp_path, is_silent, enforcer=enforcer) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        waiting = asyncio.create_task(room.ask(lent, make_body(max_tokens=64_000)))
        await asked.wait()
        statuses = await enforcer.list_cap_statuses(ALICES)
        await ledger.close()  # the file is left as a killed program leaves it
        async with SqliteLedger(path) as again:
            [lost] = await again.list_charges(since=START)
        go_on.set()
        await asyncio.wait([waiting])
        waiting.exception()
    assert (
        max(each.held.tokens_out for each in statuses) == 64_000
    )  # the caps keep its maximum while it lives
    assert lost.note.endswith("what was streamed is counted.")
    assert 0 < lost.tokens_in < 2_000
    assert lost.tokens_out <= 4_000  # what it may have begun to stream
