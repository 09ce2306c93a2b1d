"""`/audit now`: the bot's self-audit on request."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from bot.monitoring import SelfAudit
from cogs.ui import get_speaker, is_in_dev_channel, is_listed


class Audits(commands.Cog):
    """Provides `/audit now`; scheduled audits do not need this cog."""

    group = app_commands.Group(name="audit", description="How I did lately")

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    @group.command()
    async def now(self, interaction: discord.Interaction) -> None:
        """Show what failed, what is slow, what it cost, and what I learned."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        if is_listed(self.bot, person) and not is_in_dev_channel(self.bot, interaction.channel):
            where = f"<#{self.bot.identity.dev_channel_id}>"
            raise WrongStage(f"Please use this in {where}, where everyone can see it.")
        audit = self.bot.find_part(SelfAudit)
        if audit is None:
            raise WrongStage("Self-audits are switched off here.")
        post = await audit.build_post(person)
        channel = interaction.channel_id or self.bot.identity.dev_channel_id
        await self.bot.chat.post(channel, post, key=f"interaction:{interaction.id}")
        text = f"I posted how I did lately in <#{channel}>, for everyone there."
        await interaction.followup.send(text, ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Audits(bot))
