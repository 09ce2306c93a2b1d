"""The emergency stop as a command: `/stop-everything`. The conversation handles typed stops."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.emergency_stop import EmergencyStop
from bot.client import TheseusClient
from cogs.ui import get_speaker


class EmergencyStopCommand(commands.Cog):
    """Ends all work at once; `/resume` lifts the stop."""

    def __init__(self, bot: TheseusClient, emergency: EmergencyStop) -> None:
        self.bot = bot
        self._emergency = emergency

    @app_commands.command(name="stop-everything")
    @app_commands.describe(why="What others should know")
    async def stop_everything(self, interaction: discord.Interaction, why: str = "") -> None:
        """End all runs at once; nothing starts until an approver says “resume everything”."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        stop = await self._emergency.stop(person, "slash", why)
        await interaction.followup.send(f"⛔ {stop.summary}", ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(EmergencyStopCommand(bot, bot.provide(EmergencyStop)))
