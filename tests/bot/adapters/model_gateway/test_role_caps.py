"""What one call of a role may spend holds at the wire, also in the middle of a long answer."""

from pathlib import Path

from aiohttp import web

from bot.domain.errors import AgentOverloaded, BudgetSpent
from tests.support.gateway_room import (
    ALICES,
    BOBS,
    Answers,
    make_body,
    make_events,
    make_failing,
    open_gateway_room,
    start_stream,
)


def writing(tokens_out: int, tokens_in: int = 1_000) -> Answers:
    """Answer with so many tokens."""

    async def answer(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        for event in make_events(tokens_in, tokens_out):
            await response.write(event)
        return response

    return answer


async def test_an_answer_has_no_more_room_than_there_is_money_left(tmp_path: Path) -> None:
    asked = make_body(max_tokens=32_000)
    async with (
        open_gateway_room(tmp_path, writing(8_000)) as room,
        room.gateway.open_lease(ALICES, 0.11) as lent,
    ):
        assert (await room.ask(lent, asked))[0] == 200
        assert room.provider.last.body["max_tokens"] == 8_000
        room.provider.answer = writing(2_000)
        assert (await room.ask(lent, asked))[0] == 200
        assert room.provider.last.body["max_tokens"] == 2_000
        assert (await room.ask(lent, asked))[0] == 403
        assert isinstance(lent.refused(), BudgetSpent)
        assert "The budget of 0.11 $ for this call" in str(lent.refused())
        assert len(room.provider.requests) == 2
        lent.charge_to(BOBS)
        assert (await room.ask(lent, asked))[0] == 200
    assert sum(each.cost_usd for each in room.charges if each.account == ALICES) <= 0.11


async def test_what_was_read_before_is_counted_as_cached(tmp_path: Path) -> None:
    long = make_body("word " * 60_000, max_tokens=1_000)
    async with (
        open_gateway_room(tmp_path, writing(10, tokens_in=60_000)) as room,
        room.gateway.open_lease(ALICES, 0.5) as lent,
    ):
        statuses = [(await room.ask(lent, long))[0] for _ in range(3)]
    assert statuses == [200, 200, 200]


async def test_our_own_rest_is_told_as_ours(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, make_failing(529), failures=1, rest=30.0) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        await room.ask(lent)
        assert lent.refused() is None
        await room.ask(lent)
        why = lent.refused()
        assert isinstance(why, AgentOverloaded)
        assert str(why).startswith("I send no requests to the model's provider for 30 s")
