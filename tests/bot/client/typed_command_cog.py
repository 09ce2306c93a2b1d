"""A cog with text commands under its own prefix, without any instrumentation."""

from typing import Any

import discord
from discord import ui
from discord.ext import commands


class Wish(ui.Modal, title="Wish"):
    what: ui.TextInput[Any] = ui.TextInput(label="What")

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        await interaction.response.send_message(f"{10 // len(self.what.value.strip())} of it")


class Buttons(ui.View):
    @ui.button(label="Take")
    async def take(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        await interaction.response.send_message(f"{1 // 0} left")

    @ui.button(label="Ask")
    async def ask(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Wish())


class Typed(commands.Cog):
    @commands.command()
    async def half(self, ctx: commands.Context[Any], *, number: str) -> None:
        """Fail for what is no number."""
        await ctx.send(f"half is {int(number) / 2}")

    @commands.command()
    async def nod(self, ctx: commands.Context[Any]) -> None:
        """React, and say nothing."""
        await ctx.message.add_reaction("👍")

    @commands.command()
    async def tidy(self, ctx: commands.Context[Any]) -> None:
        """Delete the message, and say nothing."""
        await ctx.message.delete()

    @commands.command()
    async def shelf(self, ctx: commands.Context[Any]) -> None:
        """Show buttons."""
        await ctx.send("the shelf", view=Buttons(timeout=None))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content == "!wave":
            await message.channel.send("waves back")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Typed())
