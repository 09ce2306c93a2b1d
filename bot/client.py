"""The discord client: cog loading, instrumentation, one error reply."""

from pathlib import Path

import discord
from discord.ext import commands

from bot.ports.clock import Clock


class TheseusClient(commands.Bot):
    """The bot as cogs see it.

    `state` is the folder a cog may keep its own files in; `clock` is where it gets the time.
    """

    def __init__(self, *, clock: Clock, state: Path) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        intents.members = True
        super().__init__(command_prefix=commands.when_mentioned, intents=intents)
        self.clock = clock
        self.state = state
