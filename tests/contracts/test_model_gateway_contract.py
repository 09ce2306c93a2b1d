"""What every model gateway promises, on the fake and on the one programs go through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.ports.model_gateway import ModelGateway
from tests.fakes.fake_model_gateway import FakeModelGateway
from tests.support.gateway_room import ALICES, BOBS, open_gateway_room


@dataclass
class GatewayCase:
    """A gateway, and a way to have its spend guard say that it is time for last words."""

    gateway: ModelGateway
    close_for: Callable[[str], None]


@pytest.fixture(params=["fake", "http"])
async def gate(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GatewayCase]:
    """Return a gateway that is open."""
    if request.param == "fake":
        fake = FakeModelGateway()

        def close_for(why: str) -> None:
            fake.closing_reason = why

        yield GatewayCase(fake, close_for)
        return
    async with open_gateway_room(tmp_path) as room:

        def spend(why: str) -> None:
            assert why == "Only last words."
            room.spend_guard.usd = 0.0

        yield GatewayCase(room.gateway, spend)


async def test_every_pass_has_a_token_of_its_own_that_is_never_shown(gate: GatewayCase) -> None:
    async with gate.gateway.open_lease(ALICES) as one, gate.gateway.open_lease(ALICES) as two:
        assert one.token
        assert one.token != two.token
        assert one.token not in repr(one)


async def test_it_is_asked_on_this_machine_alone(gate: GatewayCase) -> None:
    async with gate.gateway.open_lease(ALICES) as lent:
        assert urlsplit(lent.base_url).hostname == "127.0.0.1"
        assert lent.socket is None or lent.socket.is_socket()


async def test_nothing_is_said_against_a_pass_that_has_not_been_used(gate: GatewayCase) -> None:
    async with gate.gateway.open_lease(ALICES) as lent:
        assert await lent.closing() == ""
        assert lent.refused() is None
        assert lent.limited_until() is None
        lent.charge_to(BOBS)
        assert await lent.closing() == ""


async def test_a_pass_says_when_it_is_time_for_last_words(gate: GatewayCase) -> None:
    async with gate.gateway.open_lease(ALICES) as lent:
        gate.close_for("Only last words.")
        assert await lent.closing() == "Only last words."


async def test_an_error_and_a_cancellation_go_through(gate: GatewayCase) -> None:
    with pytest.raises(ValueError, match="mine"):
        async with gate.gateway.open_lease(ALICES):
            raise ValueError("mine")

    lent = asyncio.Event()

    async def forever() -> None:
        async with gate.gateway.open_lease(ALICES):
            lent.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(forever())
    await lent.wait()
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
