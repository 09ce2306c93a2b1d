"""Pauses: `/pause` and `/resume`. Words are heard by the conversation."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.until import read_until
from bot.client import TheseusClient
from cogs.ui import resumed, speaker


class Pauses(commands.Cog):
    """Whether the bot does anything by itself. What people ask for is done all the same."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    @app_commands.command()
    @app_commands.describe(
        until="How long, in your words: 2 hours, tomorrow, 18:00 (UTC); empty: until “resume”",
        why="What others should know",
    )
    async def pause(self, interaction: discord.Interaction, until: str = "", why: str = "") -> None:
        """Stop me from starting anything by myself for a while."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = speaker(interaction)
        end = read_until(until, self.bot.clock.now())
        pause = await self.bot.agent.autonomy.pause(
            person, why or (until if end is None else ""), end
        )
        await interaction.followup.send(f"Paused. {pause.ends}", ephemeral=True)

    @app_commands.command()
    async def resume(self, interaction: discord.Interaction) -> None:
        """Lift the emergency stop, or let me work by myself again."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        told = await resumed(self.bot, speaker(interaction))
        await interaction.followup.send(told, ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Pauses(bot))
