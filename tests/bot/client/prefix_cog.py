"""Has commands begin with `!` as well, for every other cog."""

from discord.ext import commands


async def setup(bot: commands.Bot) -> None:
    bot.command_prefix = commands.when_mentioned_or("!")
