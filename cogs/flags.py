"""Flags: what is switched on for whom, to look at and to switch."""

import asyncio
from collections.abc import Mapping

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.authority.flags import FlagService
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.flag import Reach
from bot.presentation.flags import describe_flag_removal, describe_switch, list_flag_lines
from bot.proof.flag_uses import find_flag_uses_in
from cogs.ui import FlagButton, get_speaker, is_listed, send_privately

_CHOICES = 25


class FlagSwitches(
    commands.GroupCog, group_name="flags", group_description="What is switched on for whom"
):
    """Provides `/flags list`, `/flags set` and `/flags remove`, for listed people."""

    def __init__(self, bot: TheseusClient, authorizer: Authorizer, flags: FlagService) -> None:
        self.bot = bot
        self._authorizer = authorizer
        self._flags = flags

    async def cog_load(self) -> None:
        """Register the buttons, so that those on old messages work too."""
        self.bot.add_dynamic_items(FlagButton)

    async def cog_unload(self) -> None:
        """Remove the buttons; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(FlagButton)

    @app_commands.command(name="list")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show every flag: whom it is on for, and what code asks for it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._authorizer.ask(get_speaker(interaction), Act.READ)
        now = self.bot.clock.now()
        lines = list_flag_lines(self._flags.get_all(), await self._load_uses(), now)
        await send_privately(interaction, "\n".join(lines), "flags")

    @app_commands.command(name="set")
    @app_commands.describe(
        name="The flag",
        to="Whom it is on for; wherever it is on, it is on in the dev channel",
        channel="Where, with “channels”: one more each time",
        percent="How many of a hundred people, with “share”: always the same ones",
    )
    async def switch(
        self,
        interaction: discord.Interaction,
        name: str,
        to: Reach,
        channel: discord.TextChannel | None = None,
        percent: app_commands.Range[int, 1, 99] | None = None,
    ) -> None:
        """Switch a flag, from the next command on; everyone here can see it."""
        await interaction.response.defer(thinking=True)
        before, flag = await self._flags.switch(
            get_speaker(interaction),
            name.strip(),
            to,
            channel_id=channel.id if channel else None,
            percent=percent,
            asked_for=await self._load_uses(),
        )
        await interaction.followup.send(describe_switch(before, flag))

    @app_commands.command()
    @app_commands.describe(name="The flag; it is off from then on")
    async def remove(self, interaction: discord.Interaction, name: str) -> None:
        """Forget a flag that no code uses any more; everyone here can see it."""
        await interaction.response.defer(thinking=True)
        flag = await self._flags.remove(get_speaker(interaction), name.strip())
        uses = await self._load_uses()
        text = describe_flag_removal(flag.name if flag else "", flag, uses.get(name.strip(), ()))
        await interaction.followup.send(text)

    @switch.autocomplete("name")
    async def _to_switch(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_listed(self.bot, get_speaker(interaction)):
            return []  # not audited: it would be a line for every key they press
        return _build_choices({*self._flags.get_all(), *await self._load_uses()}, current)

    @remove.autocomplete("name")
    async def _to_remove(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_listed(self.bot, get_speaker(interaction)):
            return []
        return _build_choices(set(self._flags.get_all()), current)

    async def _load_uses(self) -> Mapping[str, tuple[str, ...]]:
        return await asyncio.to_thread(find_flag_uses_in, self.bot.root)


def _build_choices(names: set[str], current: str) -> list[app_commands.Choice[str]]:
    typed = current.strip().lower()
    found = sorted(name for name in names if typed in name)[:_CHOICES]
    return [app_commands.Choice(name=name, value=name) for name in found]


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(FlagSwitches(bot, bot.provide(Authorizer), bot.provide(FlagService)))
