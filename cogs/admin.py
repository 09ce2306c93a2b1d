"""Admin: how the bot itself is doing."""

import math

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.policy import Act
from bot.client import TheseusClient, list_abilities
from bot.domain.run import FINAL_STATUSES
from bot.presentation.times import format_timestamp
from cogs.ui import get_speaker, send_privately


class Admin(commands.Cog):
    """`/health`."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self._since = bot.clock.now()

    @app_commands.command()
    async def health(self, interaction: discord.Interaction) -> None:
        """Show what runs, since when, and how the connection is."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self.bot.agent.permit(get_speaker(interaction), Act.READ)
        open_runs = [
            run for run in await self.bot.agent.list_runs() if run.status not in FINAL_STATUSES
        ]
        lines = [
            f"**Up since** {format_timestamp(self._since, 'R')}",
            f"**Gateway latency** {_format_latency(self.bot.latency)}",
            f"**Cogs** {', '.join(sorted(self.bot.cogs))}",
            (
                "**Commands** "
                f"{len(list_abilities(self.bot))}{_format_trouble(self.bot.commands_trouble)}"
            ),
            f"**Open runs** {len(open_runs)}",
            *await self.bot.agent.format_vital_signs(),
        ]
        await send_privately(interaction, "\n".join(lines), "health")


def _format_trouble(trouble: str | None) -> str:
    return f" ⚠️ {trouble}" if trouble else ""


def _format_latency(seconds: float) -> str:
    """Return milliseconds; before the first heartbeat there is no latency."""
    return f"{seconds * 1000:.0f} ms" if math.isfinite(seconds) else "not known yet"


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Admin(bot))
