"""A cog that asks for flags as cogs do; not one of the bot's own."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient


class Flagged(commands.Cog):
    """Flips a coin where it is switched on, and asks for a name that is none."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    @app_commands.command()
    async def coinflip(self, interaction: discord.Interaction) -> None:
        """Flip a coin."""
        on = self.bot.flags.on("coinflip", interaction)
        await interaction.response.send_message("heads" if on else "not yet")

    @app_commands.command()
    async def misnamed(self, interaction: discord.Interaction) -> None:
        """Ask for a flag that cannot be."""
        await interaction.response.send_message(str(self.bot.flags.on("Coin Flip", interaction)))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer where it is switched on."""
        if not message.author.bot and self.bot.flags.on("coinflip", message):
            await message.channel.send("heard")


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Flagged(bot))
