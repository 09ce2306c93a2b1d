"""`/budget`: what models cost."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.budget.reports import BudgetReports
from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from cogs.ui import get_speaker, is_in_dev_channel, is_listed


class Budgets(commands.Cog):
    """Shows what was spent, by whom and on what. Caps cannot be changed from the chat."""

    def __init__(self, bot: TheseusClient, budget: BudgetReports) -> None:
        self.bot = bot
        self._budget = budget

    @app_commands.command()
    async def budget(self, interaction: discord.Interaction) -> None:
        """Show what models cost today and this week, and the limits."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        if is_listed(self.bot, person) and not is_in_dev_channel(self.bot, interaction.channel):
            where = f"<#{self.bot.identity.dev_channel_id}>"
            raise WrongStage(f"Please use this in {where}, where everyone can see it.")
        post = await self._budget.post(person)
        channel = interaction.channel_id or self.bot.identity.dev_channel_id
        await self.bot.chat.post(channel, post, key=f"interaction:{interaction.id}")
        text = f"I posted what models cost in <#{channel}>, for everyone there."
        await interaction.followup.send(text, ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Budgets(bot, bot.provide(BudgetReports)))
