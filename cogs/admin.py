"""Admin: how the bot itself is doing."""

import math

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient, list_abilities
from bot.domain.run import FINAL_STATUSES
from bot.presentation.times import format_timestamp
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.vital_signs import VitalSigns
from cogs.ui import get_speaker, send_privately


class Admin(commands.Cog):
    """`/health`."""

    def __init__(
        self,
        bot: TheseusClient,
        authorizer: Authorizer,
        vital_signs: VitalSigns,
        agent: SelfImprovementAgent,
    ) -> None:
        self.bot = bot
        self._authorizer = authorizer
        self._vital_signs = vital_signs
        self._agent = agent
        self._since = bot.clock.now()

    @app_commands.command()
    async def health(self, interaction: discord.Interaction) -> None:
        """Show what runs, since when, and how the connection is."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._authorizer.ask(get_speaker(interaction), Act.READ)
        open_runs = [
            run for run in await self._agent.list_runs() if run.status not in FINAL_STATUSES
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
            *await self._vital_signs.format_lines(),
        ]
        await send_privately(interaction, "\n".join(lines), "health")


def _format_trouble(trouble: str | None) -> str:
    return f" ⚠️ {trouble}" if trouble else ""


def _format_latency(seconds: float) -> str:
    """Return milliseconds; before the first heartbeat there is no latency."""
    return f"{seconds * 1000:.0f} ms" if math.isfinite(seconds) else "not known yet"


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(
        Admin(
            bot, bot.provide(Authorizer), bot.provide(VitalSigns), bot.provide(SelfImprovementAgent)
        )
    )
