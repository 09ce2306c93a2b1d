"""`/pause` and `/resume`. The conversation handles typed pauses."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.end_times import parse_end_time
from bot.client import TheseusClient
from bot.intake.kinds.pause import resume_work
from cogs.ui import get_speaker


class Pauses(commands.Cog):
    """Controls whether the bot works on its own. Requests by people are carried out anyway."""

    def __init__(
        self, bot: TheseusClient, emergency: EmergencyStop, autonomy: AutonomyPolicy
    ) -> None:
        self.bot = bot
        self._emergency = emergency
        self._autonomy = autonomy

    @app_commands.command()
    @app_commands.describe(
        until="How long, in your words: 2 hours, tomorrow, 18:00 (UTC); empty: until “resume”",
        why="What others should know",
    )
    async def pause(self, interaction: discord.Interaction, until: str = "", why: str = "") -> None:
        """Stop me from starting anything by myself for a while."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        end = parse_end_time(until, self.bot.clock.now())
        pause = await self._autonomy.pause(person, why or (until if end is None else ""), end)
        await interaction.followup.send(f"Paused. {pause.ends}", ephemeral=True)

    @app_commands.command()
    async def resume(self, interaction: discord.Interaction) -> None:
        """Lift the emergency stop, or let me work by myself again."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        text = await resume_work(self._emergency, self._autonomy, get_speaker(interaction))
        await interaction.followup.send(text, ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Pauses(bot, bot.provide(EmergencyStop), bot.provide(AutonomyPolicy)))
