"""Runs discord.py against a local Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Addressed(Protocol):
    """The addresses of a local Discord, in this process or another."""

    @property
    def api_url(self) -> str:
        """The address that replaces Discord's API."""
        ...

    @property
    def gateway_url(self) -> str:
        """The address that replaces Discord's gateway."""
        ...

    @property
    def token(self) -> str:
        """The token that a bot logs in with."""
        ...


ClientT = TypeVar("ClientT", bound=discord.Client)
_READY_SECONDS = 20.0


def point_discord_at(api_url: str, gateway_url: str) -> None:
    """Make discord.py use these addresses from now on, in the entire interpreter.

    discord.py has no setting for its hosts, so only one address works at a time: the last one.
    """
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


@asynccontextmanager
async def run_bot(bot: ClientT, local: Addressed) -> AsyncIterator[ClientT]:
    """Run a bot until the block ends; the bot is ready when the block begins.

    If the bot stops earlier, the block is cancelled. Raises `AssertionError` if the bot is not
    ready within 20 s. Give the bot a `guild_ready_timeout` of 0.01, because discord.py otherwise
    waits 2 s for more guilds.
    """
    point_discord_at(local.api_url, local.gateway_url)
    await bot.login(local.token)
    async with asyncio.TaskGroup() as group:
        ready = group.create_task(bot.wait_until_ready())
        running = group.create_task(bot.connect())
        await asyncio.wait(
            [running, ready], timeout=_READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not bot.is_ready():
            ready.cancel()
            running.cancel()
            raise AssertionError("the bot did not become ready")
        try:
            yield bot
        finally:
            await bot.close()
