"""A cog that forgets to answer in every way; there is no instrumentation in it."""

import asyncio
from contextlib import suppress
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands


class Panel(ui.View):
    @ui.button(label="Forget")
    async def forget(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        interaction.response.send_message("forgotten")  # type: ignore[unused-coroutine]


class Notes(commands.Cog):
    def __init__(self) -> None:
        self.later = set[asyncio.Task[object]]()

    @app_commands.command()
    async def jot(self, interaction: discord.Interaction, text: str) -> None:
        """Forget to await the answer."""
        interaction.response.send_message(f"Kept {text}.")  # type: ignore[unused-coroutine]

    @app_commands.command()
    async def mumble(self, interaction: discord.Interaction) -> None:
        """Answer with an object that nobody can read."""
        await interaction.response.send_message(str(Panel(timeout=1).forget.callback))

    @app_commands.command()
    async def swallow(self, interaction: discord.Interaction) -> None:
        """Swallow an error before the answer."""
        with suppress(ZeroDivisionError):
            await interaction.response.send_message(str(1 // 0))

    @app_commands.command()
    async def think(self, interaction: discord.Interaction) -> None:
        """Forget to await the answer after "thinking..."."""
        await interaction.response.defer(thinking=True)
        interaction.followup.send("thought")  # type: ignore[unused-coroutine]

    @app_commands.command()
    async def respond_later(self, interaction: discord.Interaction) -> None:
        """Respond in a task of its own."""

        async def respond() -> None:
            await interaction.response.send_message("at last")

        self.later.add(asyncio.create_task(respond()))

    @app_commands.command()
    async def answer_later(self, interaction: discord.Interaction) -> None:
        """Think, and answer in a task of its own."""
        await interaction.response.defer(thinking=True)

        async def answer() -> None:
            await interaction.edit_original_response(content="thought it over")

        self.later.add(asyncio.create_task(answer()))

    @app_commands.command()
    async def panel(self, interaction: discord.Interaction) -> None:
        """Show a button."""
        await interaction.response.send_message("panel", view=Panel(timeout=None))

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def mixed(self, ctx: commands.Context[Any]) -> None:
        """Forget to await, in a hybrid."""
        ctx.send("mixed")  # type: ignore[unused-coroutine]


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Notes())
