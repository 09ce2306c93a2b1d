"""A refusal names the permission, the place and the way out; the log has it once."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import run_bot

from bot.adapters.discord_chat import DiscordChat
from bot.adapters.sqlite_store import SqliteOutbox
from bot.domain.errors import ChatRejected
from bot.domain.posts import MessageRef, Post
from tests.support.chat_clients import make_client, run_chat

HOW = "Grant it to my role: Edit Channel, Permissions. `theseus doctor` lists what I need."


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord([LocalPerson("alice", listed=True)], token="local-token") as server:
        yield server


@pytest.fixture
async def client(local: LocalDiscord) -> AsyncIterator[discord.Client]:
    async with run_bot(make_client(), local) as client:
        yield client


@pytest.fixture
async def chat(client: discord.Client, tmp_path: Path) -> AsyncIterator[DiscordChat]:
    async with (
        SqliteOutbox(tmp_path / "theseus.sqlite3") as outbox,
        run_chat(client, outbox) as chat,
    ):
        yield chat


async def deny(client: discord.Client, local: LocalDiscord, **denied: bool) -> None:
    """Take permissions away from the bot in the dev channel, as its server's owner would."""
    changed = asyncio.ensure_future(client.wait_for("guild_channel_update", timeout=10))
    await asyncio.sleep(0)
    await client.http.edit_channel_permissions(
        local.dev_channel_id, local.bot_user_id, "0", str(discord.Permissions(**denied).value), 1
    )
    await changed


async def test_what_is_missing_for_a_thread_is_named_with_where_and_how_to_give_it(
    local: LocalDiscord,
    client: discord.Client,
    chat: DiscordChat,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ref = await chat.post(local.dev_channel_id, Post(text="hello"), key="1")
    await deny(client, local, create_public_threads=True)
    for _ in range(2):
        with pytest.raises(ChatRejected) as refused:
            await chat.open_thread(ref, "a run")
    assert str(refused.value) == (
        "I lack the permission “Create Public Threads” in #dev, which I need to open a thread "
        f"there. {HOW}"
    )
    logged = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert [each.getMessage() for each in logged] == [str(refused.value)]


async def test_every_permission_that_is_missing_to_write_is_named(
    local: LocalDiscord, client: discord.Client, chat: DiscordChat
) -> None:
    await deny(client, local, send_messages=True, attach_files=True)
    with pytest.raises(ChatRejected, match="“Attach Files” and “Send Messages” in #dev"):
        await chat.post(local.dev_channel_id, Post(text="hello"), key="1")


async def test_a_place_it_does_not_see_and_a_refusal_for_no_known_reason_are_told_apart(
    local: LocalDiscord, chat: DiscordChat
) -> None:
    async with Person(local.base_url, "alice") as alice:
        fault = {"kind": "status", "status": 403, "path": "/channels/*/messages"}
        await alice.call("POST", "/local/faults", {**fault, "code": 50001})
        with pytest.raises(ChatRejected, match="“View Channel” in <#77>"):
            await chat.post(77, Post(text="hello"), key="1")
        await alice.call("POST", "/local/faults", {**fault, "code": 50013})
        with pytest.raises(ChatRejected, match="although my role has the permissions there"):
            await chat.post(local.dev_channel_id, Post(text="hello"), key="2")
        assert isinstance(
            await chat.post(local.dev_channel_id, Post(text="hello"), key="3"), MessageRef
        )
