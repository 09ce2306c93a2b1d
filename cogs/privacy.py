"""`/privacy`: what is stored about the person who asks, and its erasure."""

import re
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.authority.personal_data import PersonalDataService
from bot.client import TheseusClient
from bot.domain.errors import TheseusError, WrongStage
from bot.presentation.personal_data import CONFIRM, render_erased_data, render_stored_data
from cogs.ui import get_speaker, view_of

_TEMPLATE = re.compile(r"theseus:privacy:(?P<act>erase|confirm)")


class PrivacyButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """Erases the data of the person who presses it, after they confirm. It names no one."""

    def __init__(self, item: ui.Button[Any], act: str) -> None:
        super().__init__(item)
        self._act = act

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a button about privacy came as {type(item).__name__}")
        return cls(item, match["act"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Ask for confirmation, or erase the data."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if self._act == "erase":
            view = _build_view("confirm", "Yes, erase it")
            await interaction.followup.send(CONFIRM, view=view, ephemeral=True)
            return
        try:
            text = render_erased_data(
                await get_personal_data(interaction).erase(get_speaker(interaction))
            )
        except TheseusError as error:
            text = f"I could not erase everything. I erase the rest at my next start: {error}"
        await interaction.followup.send(text, ephemeral=True)


class Privacy(commands.Cog):
    """Provides `/privacy`, for everyone and only about themselves."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Register the buttons of every message, including those from before a restart."""
        self.bot.add_dynamic_items(PrivacyButton)

    async def cog_unload(self) -> None:
        """Remove the buttons; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(PrivacyButton)

    @app_commands.command()
    async def privacy(self, interaction: discord.Interaction) -> None:
        """Show what I store about you and for how long, and erase it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        service, person = get_personal_data(interaction), get_speaker(interaction)
        text = render_stored_data(
            service.build_subject(person).pseudonym, await service.count_records(person)
        )
        view = _build_view("erase", "Erase my data")
        await interaction.followup.send(text, view=view, ephemeral=True)


def get_personal_data(interaction: discord.Interaction[Any]) -> PersonalDataService:
    """Return the service for personal data. Raises `WrongStage` if there is none."""
    bot: TheseusClient = interaction.client
    service = bot.find_part(PersonalDataService)
    if service is None:
        raise WrongStage("I cannot look that up here.")
    return service


def _build_view(act: str, label: str) -> ui.View:
    button: ui.Button[Any] = ui.Button(
        label=label, custom_id=f"theseus:privacy:{act}", style=discord.ButtonStyle.danger
    )
    return view_of([PrivacyButton(button, act)])


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Privacy(bot))
