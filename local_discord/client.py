"""discord.py against a local Discord: pointed there, and online for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Addressed(Protocol):
    """Where a local Discord is: one of this process, or of another."""

    @property
    def api_url(self) -> str:
        """What stands for Discord's API."""
        ...

    @property
    def gateway_url(self) -> str:
        """What stands for its gateway."""
        ...

    @property
    def token(self) -> str:
        """What a bot logs in with."""
        ...


ClientT = TypeVar("ClientT", bound=discord.Client)
_READY_SECONDS = 20.0


def point_discord_at(api_url: str, gateway_url: str) -> None:
    """Have discord.py use these addresses from now on, in the whole interpreter.

    It has no setting for its hosts. One address at a time, therefore: the last one counts.
    """
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


@asynccontextmanager
async def run_bot(bot: ClientT, local: Addressed) -> AsyncIterator[ClientT]:
    """Run a bot until the block ends; it is ready when the block begins.

    What ends the bot meanwhile ends the block. Raises `AssertionError` when it is not ready within
    20 s. A `guild_ready_timeout` of 0.01 spares discord.py its wait of 2 s for more guilds.
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
