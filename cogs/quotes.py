"""`/quote`: a quote, fetched from a service on the web.

To use another service than `SOURCE`, put its address into `quotes.url` in the state folder.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

SOURCE = "https://dummyjson.com/quotes/random"
REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=5)
MAX_QUOTE = 1_500
NO_QUOTE = "The service I ask for quotes had none to give. Try again later."
BUSY = "The service I ask for quotes wants a break. Try again {when}."
LONGEST_WAIT = 3.0  # seconds that a user waits for a quote; after more, they are asked to try again


def read_quote(answer: Any) -> str:
    """Read the service's answer, an object with `quote` and `author`; empty when there is none."""
    if not isinstance(answer, dict) or not isinstance(answer.get("quote"), str):
        return ""
    words = " ".join(answer["quote"].split())
    if not words:
        return ""
    author = answer.get("author")
    whose = " ".join(author.split()) if isinstance(author, str) else ""
    return f"> {words[:MAX_QUOTE]}\n— {whose[:100] or 'nobody knows who'}"


def read_wait(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a service wants to be left alone; `None` where it does not say."""
    header = headers.get("Retry-After", "")
    return float(header) if header.isdecimal() else None


class Quotes(commands.Cog):
    """Asks one service, over one connection pool."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self.source = SOURCE

    async def cog_load(self) -> None:
        """Read whom to ask, and open the pool."""
        file = self.bot.state / "quotes.url"
        if file.is_file():
            self.source = file.read_text(encoding="utf-8").strip()
        self._web = aiohttp.ClientSession(timeout=REQUEST_TIMEOUT)

    async def cog_unload(self) -> None:
        """Close the pool."""
        await self._web.close()

    @app_commands.command(name="quote", description="Say something wise")
    async def quote(self, interaction: discord.Interaction) -> None:
        """Answer with a quote. A service that fails fails the command."""
        await interaction.response.defer()
        answer = await self._ask()
        await interaction.followup.send(answer, allowed_mentions=discord.AllowedMentions.none())

    async def _ask(self) -> str:
        """Return a quote, or why there is none; a short wait is waited for, once."""
        wait: float | None = 0.0
        for _ in range(2):
            if wait is None or wait > LONGEST_WAIT:
                break
            await asyncio.sleep(wait)
            async with self._web.get(self.source) as response:
                if response.status != HTTPStatus.TOO_MANY_REQUESTS:
                    response.raise_for_status()
                    return read_quote(await response.json(content_type=None)) or NO_QUOTE
                wait = read_wait(response.headers)
        return BUSY.format(when=f"in {wait:.0f} s" if wait else "later")


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog(Quotes(bot))
