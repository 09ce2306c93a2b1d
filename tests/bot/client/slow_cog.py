"""A cog that keeps people waiting: it blocks the event loop, or forgets to defer."""

import asyncio
import time
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands


def block(seconds: float) -> None:
    time.sleep(seconds)


async def ask_slow_service(seconds: float) -> None:
    await asyncio.sleep(seconds)


class Slow(commands.Cog):
    @app_commands.command()
    async def block(self, interaction: discord.Interaction, seconds: float) -> None:
        """Block and answer."""
        block(seconds)
        await interaction.response.send_message("done")

    @app_commands.command()
    async def block_later(self, interaction: discord.Interaction, seconds: float) -> None:
        """Answer and block."""
        await interaction.response.send_message("done")
        block(seconds)

    @app_commands.command()
    async def ask(self, interaction: discord.Interaction, seconds: float) -> None:
        """Wait without defer."""
        await ask_slow_service(seconds)
        await interaction.response.send_message("done")

    @app_commands.command()
    async def quick(self, interaction: discord.Interaction) -> None:
        """Answer at once."""
        await interaction.response.send_message("quick")

    @commands.command()
    async def hold(self, ctx: commands.Context[Any], seconds: float) -> None:
        """Block, after a mention."""
        block(seconds)
        await ctx.reply("held")

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content == "block":
            block(1.6)


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Slow())
