"""A cog as somebody may add tomorrow, with ways in that ask nobody."""

import re
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.client import TheseusClient


class Lever(ui.DynamicItem[ui.Button[Any]], template=re.compile(r"(?P<act>pull|push)")):
    """A button that ends the newest run, whoever presses it."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(item)  # type: ignore[arg-type]

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("pulled", ephemeral=True)


class Wish(ui.Modal, title="Wish"):
    """A form anybody can send."""


class Planted(commands.Cog):
    """Has one of everything."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(Lever)

    @app_commands.command()
    async def leak(self, interaction: discord.Interaction, run: str = "") -> None:
        """Tell everybody what is going on."""
        runs = await self.bot.agent.runs()
        await interaction.response.send_message(str(len(runs)), ephemeral=True)

    @leak.autocomplete("run")
    async def _runs(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        runs = await self.bot.agent.runs()
        return [app_commands.Choice(name=run.id, value=run.id) for run in runs]

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Hear what was edited."""

    @commands.command()
    async def shout(self, ctx: commands.Context[Any]) -> None:
        """A typed command."""

    @tasks.loop(hours=1)
    async def _hourly(self) -> None:
        """Something by itself."""


async def setup(bot: TheseusClient) -> None:
    await bot.add_cog(Planted(bot))
