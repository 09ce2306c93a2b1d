"""The gateway is what was set: the provider's address and key, redaction; a stop cuts it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from bot.app.model_gateway import build_model_gateway, cancel_requests
from bot.domain.errors import Stopped
from bot.domain.stop import Stop
from bot.settings import Settings, load
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.support.gateway_room import (
    ALICES,
    KEY,
    make_body,
    make_events,
    open_gateway_room,
    start_stream,
)

ROOT = Path(__file__).resolve().parents[3]
MAIL = "somebody@example.org"


class Sign:
    """A stop sign: `bot.app.model_gateway.StopCheck`."""

    stop: Stop | None = None

    async def get_stop(self) -> Stop | None:
        return self.stop


def settings(folder: Path, gateway: Mapping[str, Any], **variables: str) -> Settings:
    content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    content["gateway"].update(gateway)
    content["budget"]["prices"] = {
        "claude": {"tokens_in": 1e6, "tokens_out": 0, "cache_read": 0, "cache_write": 0}
    }
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/config.yaml").write_text(yaml.safe_dump(content))
    return load(folder, variables)


@pytest.mark.parametrize(("key", "redacts"), [(KEY, True), (None, False)])
async def test_address_key_redaction_and_prices_are_what_was_set(
    tmp_path: Path, key: str | None, redacts: bool
) -> None:
    async with open_gateway_room(tmp_path) as room:
        variables = {"ANTHROPIC_BASE_URL": room.provider.base_url}
        variables |= {"ANTHROPIC_API_KEY": key} if key else {}
        spend_guard = FakeSpendGuard(1e9)
        set_up = settings(tmp_path, {"redact": redacts}, **variables)
        async with (
            build_model_gateway(set_up, spend_guard, FakeClock()) as gateway,
            gateway.open_lease(ALICES) as lent,
        ):
            assert (await room.ask(lent, make_body(f"write to {MAIL}")))[0] == 200
        arrived = room.provider.last
    assert arrived.headers["x-api-key"] == (key or "none")
    assert (MAIL in json.dumps(arrived.body)) != redacts
    assert [charge.cost_usd for charge in spend_guard.charges.values()] == [1_000.0]


async def test_a_stop_that_stands_cuts_what_is_under_way_and_says_why(tmp_path: Path) -> None:
    async def begins(http: web.Request) -> web.StreamResponse:
        response = await start_stream(http)
        await response.write(make_events()[0])
        await asyncio.Event().wait()
        return response

    sign = Sign()
    async with open_gateway_room(tmp_path, begins) as room, room.gateway.open_lease(ALICES) as lent:
        async with room.open_request(lent) as answer:
            await answer.content.readany()
            await cancel_requests(room.gateway, sign)
            assert not room.charges
            sign.stop = Stop(how="signal", at=START)
            await cancel_requests(room.gateway, sign)
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
        assert isinstance(why := lent.refused(), Stopped)
        assert str(why) == sign.stop.summary
    assert [charge.outcome for charge in room.charges] == ["cancelled"]
