"""`/about`: what the bot is, and the charter that it and its models follow."""

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from bot.prompts import CHARTER
from cogs.ui import send_privately

_INTRODUCTION = (
    "I am Theseus, a bot that repairs its own code. I am a program, and language models may work "
    "for me. A person approves every change. `/capabilities` shows what I can do."
)

_IN_PARAGRAPH = re.compile(r"(?<=[^\n])\n(?=[A-Za-z“(`])")


class AboutBot(commands.Cog):
    """Provides `/about`, which everyone may use."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    @app_commands.command()
    async def about(self, interaction: discord.Interaction) -> None:
        """Show what I am, and the charter: what I do not do, and why."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        # Discord shows every line break; a heading, a list and a paragraph keep theirs.
        charter = _IN_PARAGRAPH.sub(" ", self.bot.prompts.render(CHARTER))
        await send_privately(interaction, f"{_INTRODUCTION}\n\n{charter}", "charter")


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(AboutBot(bot))
