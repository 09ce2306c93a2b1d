"""Conversation: what people say, understood by the grammar and handed on."""

from bot.client import TheseusClient
from cogs.conversation._cog import Conversation


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Conversation(bot))
