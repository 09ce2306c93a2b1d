"""A server for whoever plays with it in process: on a Unix socket, in a time of its own."""

from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import discord
from local_discord import LocalDiscord, LocalPerson

ALICE = LocalPerson("alice", listed=False, permissions=("manage_messages",))
PEOPLE = [LocalPerson("owner", listed=True), ALICE, LocalPerson("helper", listed=False, bot=True)]


async def test_it_listens_on_a_unix_socket_and_on_no_port(tmp_path: Path) -> None:
    path = tmp_path / "discord"
    async with LocalDiscord(PEOPLE, token="any", socket=path) as local:
        assert local.base_url == "http://localhost"
        assert local.gateway_url == "ws://localhost/gateway"
        connector = aiohttp.UnixConnector(str(path))
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            http.get(f"{local.base_url}/local/world") as answer,
        ):
            assert answer.status == 200
    assert local.port == 0


def test_what_happens_has_the_time_that_it_is_given() -> None:
    at = datetime(2030, 5, 1, 8, tzinfo=UTC)
    world = LocalDiscord(PEOPLE, token="any", now=lambda: at).world
    alice = world.lookup.find_person("alice")
    said = world.actions.say(alice, world.lookup.find_channel("dev"), "hello")
    assert discord.utils.snowflake_time(said.id) == at
    assert world.show_message(said)["timestamp"].startswith("2030-05-01T08:00:00")


def test_people_have_the_permissions_they_are_given_and_no_others() -> None:
    local = LocalDiscord(PEOPLE, token="any")
    backend = local.world.backend
    value = backend.compute_permissions(local.guild_id, local.people["alice"])
    may = discord.Permissions(int(value))
    assert may.manage_messages
    assert not may.administrator


def test_another_bot_can_speak() -> None:
    world = LocalDiscord(PEOPLE, token="any").world
    helper = world.lookup.find_person("helper")
    said = world.actions.say(helper, world.lookup.find_channel("dev"), "beep")
    assert world.show_message(said)["author"]["bot"]
