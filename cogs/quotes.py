"""Quotes: `/quote` says something somebody else said, fetched from a service on the web.

Another service than `SOURCE` is asked when its address stands in `quotes.url` in the state folder.
"""

from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

SOURCE = "https://dummyjson.com/quotes/random"
REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=5)
MAX_QUOTE = 1_500
NOTHING = "The service I ask for quotes had none to give. Try again later."


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
        self._web = aiohttp.ClientSession(timeout=REQUEST_TIMEOUT, raise_for_status=True)

    async def cog_unload(self) -> None:
        """Close the pool."""
        await self._web.close()

    @app_commands.command(name="quote", description="Say something wise")
    async def quote(self, interaction: discord.Interaction) -> None:
        """Answer with a quote. A service that fails fails the command."""
        await interaction.response.defer()
        quote = read_quote(await self._ask())
        await interaction.followup.send(
            quote or NOTHING, allowed_mentions=discord.AllowedMentions.none()
        )

    async def _ask(self) -> Any:
        """Return the service's answer."""
        async with self._web.get(self.source) as response:
            return await response.json(content_type=None)


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog(Quotes(bot))
