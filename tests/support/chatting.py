"""The real chat adapter on a local Discord, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord

from bot.adapters.discord_chat import DiscordChat
from bot.ports.clock import Clock
from bot.ports.outbox import OutboxStore
from local_discord.server import LocalDiscord
from tests.support.discord_client import online


class SkippingClock:
    """Implements `bot.ports.clock.Clock`: whoever sleeps makes the time pass at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def unredacted(text: str) -> str:
    return text


def bare_client() -> discord.Client:
    """A client that hears nothing; ready as soon as its one guild is there."""
    intents = discord.Intents(guilds=True)
    return discord.Client(intents=intents, guild_ready_timeout=0.01)


@asynccontextmanager
async def talking(
    client: discord.Client,
    outbox: OutboxStore,
    clock: Clock | None = None,
    redact: Callable[[str], str] = unredacted,
) -> AsyncIterator[DiscordChat]:
    """Run a chat on a client that is online, until the block ends."""
    chat = DiscordChat(client, outbox, clock or SkippingClock(), redact)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(chat.run_forever())
        try:
            yield chat
        finally:
            running.cancel()


@asynccontextmanager
async def chat_on(
    local: LocalDiscord,
    outbox: OutboxStore,
    clock: Clock | None = None,
    redact: Callable[[str], str] = unredacted,
) -> AsyncIterator[DiscordChat]:
    """Run a chat on a client of its own, until the block ends."""
    async with (
        online(bare_client(), local) as client,
        talking(client, outbox, clock, redact) as chat,
    ):
        yield chat


def contents(messages: list[dict[str, Any]]) -> list[str]:
    """Return what the bot said, oldest first."""
    return [m["content"] for m in messages if m["author"].get("bot") and m["type"] in (0, 19)]


async def pictures_on(message: dict[str, Any]) -> list[bytes]:
    """Return the pictures on a message's cards, fetched as a browser would; all files must be."""
    wanted = [embed["image"]["url"] for embed in message["embeds"] if embed.get("image")]
    assert wanted == [file["url"] for file in message["attachments"]]
    async with aiohttp.ClientSession() as http:
        return [await (await http.get(url)).read() for url in wanted]
