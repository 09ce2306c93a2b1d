"""What Discord refuses or sends amiss costs what it concerns, and not the bot."""

import asyncio
import logging
from typing import Any

import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord

from bot.client import point_discord_at
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.infra.injector import Injector
from bot.ports.chat import Chat
from tests.fakes.fake_chat import FakeChat
from tests.support.chat_clients import SkippingClock
from tests.support.live_client import Home, LiveClient, WatchedJournal, make_client, run_client
from tests.support.restartable_channel import wait_until

COGS = """
import discord
from discord import app_commands
from discord.ext import commands

class Echo(commands.Cog):
    @app_commands.command()
    async def echo(self, interaction: discord.Interaction, word: str) -> None:
        "Say it again."
        await interaction.response.send_message(word)

    @app_commands.command()
    async def bad(self, interaction: discord.Interaction) -> None:
        "Discord does not like this one."

async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Echo())
"""
COMMANDS = "/applications/*/commands"
SECRET = "sk-ant-api03-" + "a1B2" * 20


@pytest.fixture(autouse=True)
def cogs(home: Home) -> None:
    home.write("cogs/echo.py", COGS)


async def plant(local: LocalDiscord, **fault: Any) -> None:
    async with Person(local.base_url, "alice") as alice:
        await alice.call("POST", "/local/faults", fault)


async def works(room: LiveClient) -> bool:
    return bool((await room.alice.run("dev", "echo", word="hi"))["message"]["content"] == "hi")


async def failed(room: LiveClient, name: str) -> Action:
    return await room.journal.wait_for(
        Kind.GATEWAY, lambda action: action.name == name and action.outcome is ActionOutcome.ERROR
    )


# ---------------------------------------------------------------------------------- the commands


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        (
            {
                "0": {
                    "description": {
                        "_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": "Long."}]
                    }
                }
            },
            "Discord refuses `/bad` (description: Long.); its other commands work.",
        ),
        (
            {"0": {"options": {"1": {"name": {"_errors": [{"message": "No."}]}}}}},
            "Discord refuses `/bad` (options.1.name: No.); its other commands work.",
        ),
        ({"0": "odd"}, "Discord refuses `/bad` (no reason given); its other commands work."),
    ],
)
async def test_a_command_that_is_refused_is_left_out_and_named_and_the_others_work(
    home: Home, local: LocalDiscord, errors: dict[str, Any], told: str
) -> None:
    await plant(local, kind="status", status=400, code=50035, errors=errors, path=COMMANDS)
    async with run_client(home, local) as room:
        assert await room.list_commands() == ["echo"]
        assert room.client.commands_trouble == told
        assert await works(room)
        noted = await failed(room, "commands")
        assert noted.error is not None
        assert noted.error.message == told


async def test_a_reload_that_mends_the_command_brings_it_back(
    home: Home, local: LocalDiscord
) -> None:
    errors = {"0": {"description": {"_errors": [{"message": "Long."}]}}}
    await plant(local, kind="status", status=400, code=50035, errors=errors, path=COMMANDS)
    async with run_client(home, local) as room:
        home.write("cogs/echo.py", COGS.replace("does not like", "likes"))
        await room.client.runtime.adopt(["cogs/echo.py"])
        assert await room.list_commands() == ["bad", "echo"]
        assert room.client.commands_trouble is None


@pytest.mark.parametrize("fault", [{"status": 400}, {"status": 503}, {"kind": "cut", "times": 6}])
async def test_it_starts_though_discord_does_not_take_the_commands_and_tells_them_later(
    home: Home, local: LocalDiscord, fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await plant(local, path=COMMANDS, **fault)
    clock, chat = HeldClock(), FakeChat()
    async with WatchedJournal(home.state) as journal, Person(local.base_url, "alice") as alice:
        services = Injector()
        services.add(chat, Chat)
        client = make_client(home, journal, local.guild_id, clock=clock, services=services)
        point_discord_at(local.api_url, local.gateway_url)
        running = asyncio.ensure_future(client.start(local.token))
        await alice.wait_for_bot(timeout=15)
        assert client.commands_trouble is not None
        assert client.commands_trouble.startswith("Discord did not take the commands (")
        assert client.commands_trouble in caplog.text
        assert [said.post.text for said in chat.messages] == [
            f"⚠️ {client.commands_trouble} I go on, and try again when they change and by and by."
        ]
        clock.held.set()
        await wait_until(lambda: len(chat.messages) > 1)
        assert chat.messages[-1].post.text == "Discord has taken all commands now."
        told = await alice.call("GET", "/local/commands")
        assert sorted(command["name"] for command in told["commands"]) == ["bad", "echo"]
        await client.close()
        await running


class HeldClock(SkippingClock):
    """A clock that does not move until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.held = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.held.wait()
        await super().sleep(seconds)


# ------------------------------------------------------------------------------------- the gateway

MALFORMED: list[tuple[str, Any]] = [
    ("MESSAGE_CREATE", {}),
    ("MESSAGE_CREATE", None),
    ("MESSAGE_CREATE", [1, 2]),
    ("MESSAGE_CREATE", {"id": "no number", "channel_id": "1", "content": SECRET}),
    ("MESSAGE_UPDATE", {"id": {}}),
    ("MESSAGE_REACTION_ADD", {"emoji": None}),
    ("INTERACTION_CREATE", {"type": 2, "token": SECRET}),
    ("GUILD_CREATE", {"id": None}),
    ("GUILD_MEMBER_ADD", "text"),
    ("THREAD_CREATE", {"guild_id": "0x1"}),
    ("CHANNEL_CREATE", None),
]


async def test_an_event_that_cannot_be_read_is_journalled_and_the_connection_goes_on(
    home: Home, local: LocalDiscord
) -> None:
    async with run_client(home, local) as room:
        for event, data in MALFORMED:
            await room.alice.call(
                "POST", "/local/faults", {"kind": "gateway_dispatch", "event": event, "data": data}
            )
        for event in {event for event, _ in MALFORMED}:
            noted = await failed(room, event.lower())
            assert SECRET not in noted.model_dump_json()
        assert await works(room)
        names = [action.name for action in await room.journal.list_by_kind(Kind.GATEWAY)]
        assert names.count("connect") == 1
        assert "disconnect" not in names


async def test_what_it_was_sent_is_kept_bounded(home: Home, local: LocalDiscord) -> None:
    async with run_client(home, local) as room:
        huge = {"id": "x", "content": "y" * 100_000, "embeds": [{"title": "z" * 500}] * 200}
        await room.alice.call(
            "POST",
            "/local/faults",
            {"kind": "gateway_dispatch", "event": "MESSAGE_CREATE", "data": huge},
        )
        noted = await failed(room, "message_create")
        assert noted.error is not None
        assert "MESSAGE_CREATE" in str(noted.error.inputs)
        assert len(noted.model_dump_json()) < 20_000


@pytest.mark.parametrize(
    ("event", "data"), [("READY", {}), ("READY", {"session_id": "1"}), ("RESUMED", None)]
)
async def test_a_frame_that_leaves_no_session_is_followed_by_a_new_connection(
    home: Home, local: LocalDiscord, event: str, data: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with run_client(home, local) as room:
        back = asyncio.ensure_future(room.client.wait_for("ready", timeout=15))
        await room.alice.call(
            "POST", "/local/faults", {"kind": "gateway_dispatch", "event": event, "data": data}
        )
        await back
        await failed(room, "frame")
        assert await works(room)
