"""Problems that prevent a connection are reported with their fix."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator

import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord

from bot.client import TheseusClient, connect, is_connected, point_discord_at
from bot.domain.errors import ChatUnavailable, ConfigError
from bot.domain.journal import Kind
from tests.support.live_client import Home, WatchedJournal, make_client, run_client


@pytest.fixture
async def client(home: Home, local: LocalDiscord) -> AsyncIterator[TheseusClient]:
    point_discord_at(local.api_url, local.gateway_url)
    async with WatchedJournal(home.state) as journal:
        client = make_client(home, journal, local.guild_id)
        yield client
        await client.close()


async def test_a_wrong_token_is_named(client: TheseusClient) -> None:
    with pytest.raises(ConfigError, match="DISCORD_TOKEN"):
        await connect(client, "wrong")
    assert client.is_closed()


async def test_intents_that_are_not_granted_are_named(
    client: TheseusClient, local: LocalDiscord
) -> None:
    async with Person(local.base_url, "alice") as alice:
        fault = {"kind": "disallow_intents", "intents": ["message_content"]}
        await alice.call("POST", "/local/faults", fault)
        with pytest.raises(ConfigError, match="Message Content Intent"):
            await connect(client, local.token)


async def test_a_discord_that_is_not_there_is_named(client: TheseusClient) -> None:
    point_discord_at("http://127.0.0.1:9/api/v10", "ws://127.0.0.1:9/")
    with pytest.raises(ChatUnavailable, match="cannot be reached"):
        await connect(client, "local-token")


async def test_closing_ends_the_connection_quietly(
    client: TheseusClient, local: LocalDiscord
) -> None:
    async with Person(local.base_url, "alice") as alice:
        running = asyncio.ensure_future(connect(client, local.token))
        await alice.wait_for_bot()
        await client.close()
        await asyncio.wait_for(running, 20)
    client.dispatch("disconnect")  # as discord.py does where it was connecting again


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        ("gateway_drop", "resume"),
        # discord.py waits five seconds before it reconnects
        pytest.param("gateway_invalidate", "connect", marks=pytest.mark.slow),
    ],
)
async def test_a_connection_that_is_cut_or_forgotten_is_made_again(
    home: Home, local: LocalDiscord, fault: str, again: str
) -> None:
    async with run_client(home, local) as room:
        await room.journal.wait_for(Kind.GATEWAY, lambda action: action.name == "connect")
        assert is_connected(room.client)
        ready = "resumed" if again == "resume" else "ready"
        back = asyncio.ensure_future(room.client.wait_for(ready, timeout=15))
        await room.alice.call("POST", "/local/faults", {"kind": fault})
        lost = await room.journal.wait_for(Kind.GATEWAY, lambda a: a.name == "disconnect")
        await room.journal.wait_for(Kind.GATEWAY, lambda a: a.name == again and a.ts > lost.ts)
        await back
        assert is_connected(room.client)


async def test_an_outage_is_seen_although_discord_py_stays_ready(
    home: Home, local: LocalDiscord
) -> None:
    async with run_client(home, local) as room:
        await room.journal.wait_for(Kind.GATEWAY, lambda action: action.name == "connect")
        refused = {"kind": "gateway_refuse", "times": 1_000}
        await room.alice.call("POST", "/local/faults", refused)
        await room.alice.call("POST", "/local/faults", {"kind": "gateway_drop"})
        await room.journal.wait_for(Kind.GATEWAY, lambda action: action.name == "disconnect")
        assert room.client.is_ready()
        assert not is_connected(room.client)


async def test_a_refused_reconnect_is_one_line_in_the_log_with_its_reason(
    home: Home, local: LocalDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bot.client")
    async with run_client(home, local) as room:
        await room.alice.call("POST", "/local/faults", {"kind": "gateway_refuse"})
        await room.alice.call("POST", "/local/faults", {"kind": "gateway_drop"})
        await room.journal.wait_for(Kind.GATEWAY, lambda action: action.name == "resume")
    (line,) = [each for each in caplog.records if each.name == "discord.client"]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert re.fullmatch(
        r"the gateway connection was lost \(\w+.*\), trying again in [0-9.]+ s", line.getMessage()
    )
    (trace,) = [each for each in caplog.records if each.exc_info]
    assert trace.levelno == logging.DEBUG
