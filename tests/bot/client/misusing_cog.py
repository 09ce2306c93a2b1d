"""A cog that uses what its own bot had, and Discord as it must not be used."""

import discord
from discord import app_commands
from discord.ext import commands


class Rooms(commands.Cog):
    """Rooms."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot

    @app_commands.command()
    async def score(self, interaction: discord.Interaction) -> None:
        """Show a score from a database that the client does not have."""
        row = await self.bot.pool.fetchval("select 1")  # type: ignore[attr-defined]
        await interaction.response.send_message(str(row))

    @app_commands.command()
    async def found(self, interaction: discord.Interaction) -> None:
        """Answer what cannot be answered any more."""
        await interaction.response.send_message("Founded.")
        await interaction.delete_original_response()
        await interaction.edit_original_response(content="Found.")

    @app_commands.command()
    async def shut(self, interaction: discord.Interaction) -> None:
        """Answer a second time as if there had been no first."""
        await interaction.response.defer()
        await interaction.response.send_message("The lobby stays open.")

    @app_commands.command()
    async def blank(self, interaction: discord.Interaction) -> None:
        """Say nothing, in the channel and not as an answer."""
        channel = interaction.channel
        assert isinstance(channel, discord.TextChannel)
        await channel.send("")

    @app_commands.command()
    async def gone(self, interaction: discord.Interaction) -> None:
        """Look for a message that is not there."""
        channel = interaction.channel
        assert isinstance(channel, discord.TextChannel)
        await channel.fetch_message(1)


async def setup(bot: commands.Bot) -> None:
    """Add the cog."""
    await bot.add_cog(Rooms(bot))
