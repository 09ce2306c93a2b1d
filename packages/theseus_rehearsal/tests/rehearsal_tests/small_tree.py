"""A small bot with the parts of Theseus that the runner uses: its tree needs no other code."""

from pathlib import Path

FILES = {
    "bot/__init__.py": "",
    "bot/domain/__init__.py": "",
    "bot/domain/people.py": "class AllowList:\n    pass\n",
    "bot/telemetry/__init__.py": """
class Recorder:
    def __init__(self, journal):
        self.journal = journal
""",
    "bot/client/__init__.py": """
from typing import Any, NamedTuple

import discord
from discord.ext import commands


class Identity(NamedTuple):
    guild_id: int
    dev_channel_id: int
    people: Any


class TheseusClient(commands.Bot):
    def __init__(self, recorder, identity, extensions, guild_ready_timeout):
        seconds = guild_ready_timeout
        super().__init__("!", intents=discord.Intents.all(), guild_ready_timeout=seconds)
        self.recorder, self.identity, self._wanted = recorder, identity, extensions

    async def setup_hook(self):
        for extension in self._wanted:
            await self.load_extension(extension)
        guild = discord.Object(self.identity.guild_id)
        self.tree.copy_global_to(guild=guild)
        await self.tree.sync(guild=guild)
""",
    "cogs/__init__.py": "",
    "cogs/dice.py": """
import random

from discord import Interaction, app_commands
from discord.ext import commands


class Dice(commands.Cog):
    @app_commands.command(description="Roll a die")
    async def roll(self, interaction: Interaction, sides: int):
        await interaction.response.send_message(f"You roll {random.randint(1, sides)}")


async def setup(bot):
    await bot.add_cog(Dice())
""",
}
SCRIPT = "world: {cogs: [dice]}\nsteps:\n  - command: /roll sides:6\n  - command: /roll sides:20\n"


def write_small_tree(folder: Path) -> Path:
    """Write the bot and its script roll.yaml into a folder, and return the folder."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "roll.yaml").write_text(SCRIPT)
    return folder
