"""Conversation: typed messages, parsed by the grammar and passed to the agent."""

from bot.client import TheseusClient
from cogs.conversation._cog import Conversation


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Conversation(bot))
