"""A cog of which something is asked in every way; there is no instrumentation in it."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands


class Wish(ui.Modal, title="Wish"):
    what: ui.TextInput[Any] = ui.TextInput(label="What")

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        if self.what.value == "trouble":
            raise LookupError("no such wish")
        await interaction.response.send_message(f"{interaction.user.name} wants {self.what.value}")


class Shop(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Buy")
    async def buy(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        await interaction.response.send_message("bought", ephemeral=True)

    @ui.button(label="Wish", custom_id="shop:wish:12")
    async def wish(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Wish())

    @ui.button(label="Break", custom_id="shop:break")
    async def broken(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        raise LookupError("broken")


class Asked(commands.Cog):
    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self.menus = [
            app_commands.ContextMenu(name="Count", callback=self.count),
            app_commands.ContextMenu(name="Greet", callback=self.greet),
        ]

    async def cog_load(self) -> None:
        for menu in self.menus:
            self.bot.tree.add_command(menu)

    @app_commands.command()
    async def give(
        self,
        interaction: discord.Interaction,
        whom: discord.Member,
        where: discord.TextChannel,
        role: discord.Role,
        note: str,
        times: int = 1,
    ) -> None:
        """Give somebody something."""
        if times < 0:
            raise ValueError("there is no such number")
        await interaction.response.send_message(
            f"{interaction.user.mention} {interaction.user.name} gives {whom.name} {note}\nhere"
        )

    @app_commands.command()
    async def shop(self, interaction: discord.Interaction) -> None:
        """Show what there is."""
        await interaction.response.send_message("shop", view=Shop())

    @commands.command()
    async def add(self, ctx: commands.Context[Any], first: int, *, rest: str) -> None:
        """Add up, after a mention."""
        await ctx.reply(str(first + len(rest)))

    async def count(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(str(len(message.content)))

    async def greet(self, interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message(f"hello {user.name}")

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if "ping" in message.content:
            await message.channel.send("pong")

    @commands.Cog.listener("on_interaction")
    async def handle_press(self, interaction: discord.Interaction) -> None:
        told: Any = interaction.data or {}
        if str(told.get("custom_id", "")).startswith("heard:"):
            await interaction.response.send_message("heard you")

    @app_commands.command()
    async def bare(self, interaction: discord.Interaction) -> None:
        """Show a button that only a listener hears."""
        view = ui.View(timeout=None)
        view.add_item(ui.Button(label="Heard", custom_id=f"heard:{interaction.user.id}"))
        view.stop()
        await interaction.response.send_message("bare", view=view)


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Asked(bot))
