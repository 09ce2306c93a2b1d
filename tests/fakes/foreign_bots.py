"""Small discord.py repositories of the kinds that strangers have, as files; nothing runs them."""

MAIN = '''\
import os
import discord
from discord.ext import commands
from dotenv import load_dotenv

load_dotenv()


class WelcomeBot(commands.Bot):
    def __init__(self):
        prefix = commands.when_mentioned_or
        super().__init__(command_prefix=prefix("!"), intents=discord.Intents.all())

    async def setup_hook(self):
        """Load every cog."""
        for file in os.listdir("cogs"):
            if file.endswith(".py"):
                await self.load_extension(f"cogs.{file[:-3]}")

    async def on_ready(self):
        pass


if __name__ == "__main__":
    WelcomeBot().run(os.getenv("TOKEN"))
'''
TAGS = '''\
import aiosqlite
import discord
from discord import app_commands
from discord.ext import commands, tasks
from utils.shortcuts import staff_command


class Tags(commands.Cog):
    games = app_commands.Group(name="games", description="Games")

    def __init__(self, bot):
        self.bot = bot
        bot.tree.add_command(app_commands.ContextMenu(name="Quote", callback=self.quote))

    @commands.hybrid_group(fallback="get")
    async def tag(self, ctx, name: str):
        pass

    @tag.command(name="create")
    async def make(self, ctx, name: str):
        pass

    @tag.app_command.command(name="show")
    async def show(self, interaction, name: str):
        pass

    @games.command()
    async def chess(self, interaction):
        pass

    @commands.group(invoke_without_command=True)
    @commands.guild_only()
    async def config(self, ctx):
        pass

    @config.command()
    async def reset(self, ctx):
        pass

    @staff_command("purge")
    async def purge_messages(self, ctx):
        pass

    @app_commands.command()
    async def ping(self, interaction):
        """Example: `@commands.command()` in a docstring is no command."""

    @ping.autocomplete("x")
    async def complete(self, interaction, current):
        return []

    async def quote(self, interaction, message: discord.Message):
        pass

    @commands.Cog.listener()
    async def on_member_join(self, member):
        pass

    @tasks.loop(minutes=5)
    async def sweep(self):
        pass


class Confirm(discord.ui.View):
    @discord.ui.button(label="Yes")
    async def yes(self, interaction, button):
        pass


async def setup(bot):
    await bot.add_cog(Tags(bot))
'''
SHORTCUTS = """\
from discord.ext import commands


def staff_command(name):
    def decorate(function):
        return commands.command(name=name)(function)
    return decorate
"""
OWNER = """\
from discord.ext import commands


class Owner(commands.Cog):
    @commands.command(name="eval")
    @commands.is_owner()
    async def run_code(self, ctx, *, code):
        exec(code)


async def setup(bot):
    await bot.add_cog(Owner())
"""
TOOLS = """\
import click


@click.group()
def cli():
    pass


@cli.command()
def migrate():
    pass
"""

HYBRID_BOT = {
    "main.py": MAIN,
    "cogs/tags.py": TAGS,
    "cogs/owner.py": OWNER,
    "utils/__init__.py": "",
    "utils/shortcuts.py": SHORTCUTS,
    "tools.py": TOOLS,
    "config.json": "{}\n",
    ".env.example": "TOKEN=\n",
    ".gitignore": ".env\n",
    "migrations/1_tags.sql": "CREATE TABLE tags (name TEXT);\n",
    ".github/workflows/lint.yml": "jobs: {lint: {steps: [{run: flake8 .}]}}\n",
    "requirements.txt": "discord.py==2.4.0\naiosqlite>=0.19 # the database\n",
    ".python-version": "3.11\n",
    "tests/test_tags.py": "from discord.ext.commands import command\n\n\n@command()\ndef x(): 0\n",
    "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    "LICENSE": "Permission is hereby granted, free of charge, to any person\n",
}

SCRIPT_BOT = {
    "bot.py": """\
import discord
from discord.ext import commands as cmds

bot = cmds.Bot("?", intents=discord.Intents.default())


@bot.command(aliases=["p"])
async def ping(ctx):
    await ctx.send("pong")


@bot.tree.command(name="roll")
async def roll_dice(interaction):
    pass


@bot.event
async def on_ready():
    pass


bot.run("TOKEN")
""",
    "requirements.txt": "discord.py\n",
}

OWN_DISPATCH = {
    "run.py": """\
from music.client import MusicBot

if __name__ == "__main__":
    MusicBot().run("x")
""",
    "music/__init__.py": "",
    "music/client.py": """\
import discord


class MusicBot(discord.Client):
    async def on_message(self, message):
        handler = getattr(self, "cmd_" + message.content, None)
        if handler:
            await handler(message)

    async def cmd_play(self, message): ...

    async def cmd_skip(self, message): ...

    async def cmd_stop(self, message): ...
""",
}

RED_PACK = {
    "info.json": '{"author": ["ada"], "install_msg": "thanks", "min_python_version": [3, 9]}\n',
    "greet/__init__.py": """\
from .greet import Greet


async def setup(bot):
    await bot.add_cog(Greet(bot))
""",
    "greet/greet.py": """\
from redbot.core import commands


class Greet(commands.Cog):
    @commands.group()
    async def greetset(self, ctx): ...

    @greetset.command(name="text")
    async def greetset_text(self, ctx): ...
""",
}

LIBRARY = {"shop.py": "def total(prices):\n    return sum(prices)\n"}
OTHER_LIBRARY = {"bot.py": "import disnake\n\nbot = disnake.ext.commands.Bot('!')\n"}
