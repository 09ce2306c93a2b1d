"""The real chat adapter on a local Discord, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import run_bot

from bot.adapters.discord_chat import DiscordChat
from bot.ports.clock import Clock
from bot.ports.outbox import OutboxStore


class SkippingClock:
    """Implements `bot.ports.clock.Clock`: a sleep advances the time at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def skip_redaction(text: str) -> str:
    return text


def make_client() -> discord.Client:
    """Return a client that handles no messages; it is ready as soon as its only guild is
    available.
    """
    intents = discord.Intents(guilds=True)
    return discord.Client(intents=intents, guild_ready_timeout=0.01)


@asynccontextmanager
async def run_chat(
    client: discord.Client,
    outbox: OutboxStore,
    clock: Clock | None = None,
    redact: Callable[[str], str] = skip_redaction,
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
async def open_chat(
    local: LocalDiscord,
    outbox: OutboxStore,
    clock: Clock | None = None,
    redact: Callable[[str], str] = skip_redaction,
) -> AsyncIterator[DiscordChat]:
    """Run a chat on its own client until the block ends."""
    async with (
        run_bot(make_client(), local) as client,
        run_chat(client, outbox, clock, redact) as chat,
    ):
        yield chat


def list_contents(messages: list[dict[str, Any]]) -> list[str]:
    """Return what the bot said, oldest first."""
    return [m["content"] for m in messages if m["author"].get("bot") and m["type"] in (0, 19)]


async def fetch_pictures(message: dict[str, Any]) -> list[bytes]:
    """Return the pictures on a message's cards, fetched as a browser would; all files must be."""
    wanted = [embed["image"]["url"] for embed in message["embeds"] if embed.get("image")]
    assert wanted == [file["url"] for file in message["attachments"]]
    async with aiohttp.ClientSession() as http:
        return [await (await http.get(url)).read() for url in wanted]
