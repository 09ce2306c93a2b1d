"""Capabilities: what the bot can do, and what people wish it could."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from cogs.ui import capabilities_lines, send_privately


class Capabilities(commands.Cog):
    """`/capabilities`: open to everybody, as the commands it names are."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    @app_commands.command()
    async def capabilities(self, interaction: discord.Interaction) -> None:
        """Show what I can do, and what people wish I could, the most wanted first."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        lines = await capabilities_lines(self.bot)
        await send_privately(interaction, "\n".join(lines), "capabilities")


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Capabilities(bot))
