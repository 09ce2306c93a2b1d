"""The client starts with what there is, keeps its connection, and ends cleanly."""

import asyncio
import logging

import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord
from theseus_observe.interaction_inputs import extract_stable_part, find_sender
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.client import point_discord_at
from bot.domain.errors import ConfigError
from bot.domain.journal import ActionOutcome, Kind
from tests.support.chat_clients import SkippingClock
from tests.support.live_client import Home, WatchedJournal, make_client, run_client

ECHO = """
import discord
from discord import app_commands
from discord.ext import commands

class Echo(commands.Cog):
    @app_commands.command()
    async def echo(self, interaction: discord.Interaction, word: str) -> None:
        "Say it again."
        await interaction.response.send_message(word)

async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Echo())
"""


async def test_the_commands_are_registered_in_the_guild(home: Home, local: LocalDiscord) -> None:
    home.write("cogs/echo.py", ECHO)
    async with run_client(home, local) as room:
        assert await room.list_commands() == ["echo"]
        registered = await room.client.http.get_guild_commands(local.bot_user_id, local.guild_id)
        assert [command["name"] for command in registered] == ["echo"]
        assert await room.client.http.get_global_commands(local.bot_user_id) == []


async def test_a_cog_that_does_not_load_is_journalled_and_the_others_work(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/aaa.py", "import not_there_at_all")
    home.write("cogs/echo.py", ECHO)
    async with run_client(home, local) as room:
        assert (await room.alice.run("dev", "echo", word="hi"))["message"]["content"] == "hi"
        broken = await room.journal.wait_for(Kind.RELOAD, lambda action: action.name == "cogs.aaa")
        assert broken.outcome is ActionOutcome.ERROR
        assert broken.error is not None
        assert broken.error.exception == "ModuleNotFoundError"
        home.write("cogs/aaa.py", "async def setup(bot):\n    pass")
        assert (await room.client.runtime.adopt(["cogs/aaa.py"])).reloaded == ("cogs.aaa",)


async def test_a_cog_that_is_not_there_is_named(home: Home, local: LocalDiscord) -> None:
    async with NdjsonJournal(home.state, redact=redact) as journal:
        client = make_client(home, journal, local.guild_id, extensions=["cogs.ghost"])
        point_discord_at(local.api_url, local.gateway_url)
        with pytest.raises(ConfigError, match=r"cogs\.ghost"):
            await client.login(local.token)
        await client.close()


async def test_a_guild_that_refuses_the_commands_is_explained(
    home: Home, local: LocalDiscord
) -> None:
    async with (
        NdjsonJournal(home.state, redact=redact) as journal,
        Person(local.base_url, "alice") as alice,
    ):
        fault = {"kind": "status", "status": 403, "path": "/applications/*/commands"}
        await alice.call("POST", "/local/faults", fault)
        client = make_client(home, journal, local.guild_id)
        point_discord_at(local.api_url, local.gateway_url)
        with pytest.raises(ConfigError, match=r"discord\.guild_id.*applications\.commands"):
            await client.login(local.token)
        await client.close()


async def test_a_first_connection_that_is_refused_is_tried_again(
    home: Home, local: LocalDiscord
) -> None:
    clock = SkippingClock()
    async with WatchedJournal(home.state) as journal, Person(local.base_url, "alice") as alice:
        await alice.call("POST", "/local/faults", {"kind": "gateway_refuse", "times": 2})
        client = make_client(home, journal, local.guild_id, clock=clock)
        point_discord_at(local.api_url, local.gateway_url)
        running = asyncio.ensure_future(client.start(local.token))
        await alice.wait_for_bot(timeout=15)
        assert clock.slept[:2] == [0.0, 1.0]
        await client.close()
        await running


async def test_connections_lost_and_made_again_are_recorded(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/echo.py", ECHO)
    async with run_client(home, local) as room:
        await room.journal.wait_for(Kind.GATEWAY, lambda action: action.name == "connect")
        await room.alice.call("POST", "/local/faults", {"kind": "gateway_reconnect"})
        resumed = await room.journal.wait_for(Kind.GATEWAY, lambda action: action.name == "resume")
        assert resumed.event == "gateway.resume"
        names = [action.name for action in await room.journal.list_by_kind(Kind.GATEWAY)]
        assert names[:2] == ["connect", "disconnect"]
        assert (await room.alice.run("dev", "echo", word="hi"))["result"] == "message"


async def test_closing_twice_is_harmless_and_leaves_no_logging_behind(
    home: Home, local: LocalDiscord
) -> None:
    before = list(logging.getLogger("discord.ui.view").handlers)
    async with run_client(home, local) as room:
        assert len(logging.getLogger("discord.ui.view").handlers) == len(before) + 1
        await asyncio.gather(room.client.close(), room.client.close())
        await room.client.close()
        assert logging.getLogger("discord.ui.view").handlers == before


async def test_a_client_that_never_started_can_be_closed(home: Home) -> None:
    async with NdjsonJournal(home.state, redact=redact) as journal:
        await make_client(home, journal, None).close()


@pytest.mark.parametrize(
    ("custom_id", "stable"),
    [
        ("poll:12:3", "poll"),
        ("theseus:ship:k3x9pq:" + "a" * 40, "theseus:ship"),
        ("theseus:plan:abcdef", "theseus:plan"),
        ("card/open", "card:open"),
        ("0f" * 16, ""),
        ("", ""),
    ],
)
def test_the_lasting_part_of_an_id_holds_no_numbers(custom_id: str, stable: str) -> None:
    assert extract_stable_part(custom_id) == stable


LABELS = """
import discord
from discord import app_commands
from discord.ext import commands
from structlog.contextvars import get_contextvars

class Labels(commands.Cog):
    @app_commands.command()
    async def labels(self, interaction: discord.Interaction) -> None:
        "Show what every line of the log says now."
        labels = get_contextvars()
        await interaction.response.send_message(f"{labels['person']} {labels['commit']}")

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content == "labels":
            labels = get_contextvars()
            await message.channel.send(f"{labels['person']} {labels['commit']} said so")

async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Labels())
"""


async def test_what_is_logged_for_a_person_names_them_and_the_commit(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/labels.py", LABELS)
    async with run_client(home, local) as room:
        answer = (await room.alice.run("dev", "labels"))["message"]["content"]
        alice = room.client.recorder.get_pseudonym(local.people["alice"])
        assert answer == f"{alice} abc1234"
        await room.alice.say("dev", "labels")
        await room.alice.wait_for(
            "dev", lambda said: bool(said["content"] == f"{alice} abc1234 said so")
        )


@pytest.mark.parametrize(
    ("payload", "sender"),
    [
        ({"author": {"id": "7"}, "member": {"roles": []}}, 7),
        ({"member": {"user": {"id": "7"}}}, 7),
        ({"user": {"id": "7"}}, 7),
        ({"user_id": "7", "member": None}, 7),
        ({"id": "7"}, None),
        ({"user": "7"}, None),
        ({"user_id": "seven"}, None),
        ([7], None),
        (None, None),
    ],
)
def test_the_sender_of_an_event_is_found_in_any_payload(
    payload: object, sender: int | None
) -> None:
    assert find_sender(payload) == sender
