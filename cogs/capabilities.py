"""`/capabilities`: what the bot can do, and what people have asked for."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from bot.self_improvement.requests.change_requests import ChangeRequests
from cogs.ui import (
    FeatureRequestButton,
    get_speaker,
    is_listed,
    load_capability_lines,
    send_privately,
    view_of,
)

_BUTTONS = 5  # in one row


class Capabilities(commands.Cog):
    """Provides `/capabilities`, which everyone may use."""

    def __init__(self, bot: TheseusClient, changes: ChangeRequests) -> None:
        self.bot = bot
        self._changes = changes

    async def cog_load(self) -> None:
        """Register the buttons of every message, including those from before a restart."""
        self.bot.add_dynamic_items(FeatureRequestButton)

    async def cog_unload(self) -> None:
        """Remove the buttons; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(FeatureRequestButton)

    @app_commands.command()
    async def capabilities(self, interaction: discord.Interaction) -> None:
        """Show what I can do, and what people have asked for, most wanted first."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        lines = await load_capability_lines(self.bot, get_speaker(interaction))
        await send_privately(interaction, "\n".join(lines), "capabilities")
        if self._changes.able and is_listed(self.bot, get_speaker(interaction)):
            await self._offer(interaction)

    async def _offer(self, interaction: discord.Interaction) -> None:
        """Offer to start the feature requests of most people."""
        states = await self._changes.list_feature_requests()
        feature_requests = [each.feature_request for each in states if each.open][:_BUTTONS]
        if feature_requests:
            view = view_of(map(FeatureRequestButton.from_request, feature_requests))
            await interaction.followup.send("Shall I start one of them?", view=view, ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Capabilities(bot, bot.provide(ChangeRequests)))
