"""A bot as other people write them: its own class, prefix, cogs, `.env`, SQLite, error handler."""

from pathlib import Path

from rehearsal_tests.git_repository import commit

FILES = {
    "pytest.ini": "[pytest]\n",
    ".gitignore": ".env\n*.db\n",
    ".env.example": "DISCORD_TOKEN=put-your-token-here\nLOG_CHANNEL_ID=123456789012345678\n",
    "requirements.txt": "discord.py>=2.3\n",
    "config.example.json": '{"prefix": "?"}\n',
    "schema.sql": "CREATE TABLE IF NOT EXISTS warns (name TEXT);\n",
    "bot.py": """
import json
import os
import sqlite3
from pathlib import Path

import discord
from discord.ext import commands

TOKEN = os.environ["DISCORD_TOKEN"]
LOG_CHANNEL = int(os.environ["LOG_CHANNEL_ID"])
HERE = Path(__file__).parent
with open(HERE / "config.json") as file:
    CONFIG = json.load(file)


class ShopBot(commands.Bot):
    def __init__(self):
        super().__init__(self.find_prefix, intents=discord.Intents.all())
        self.config = CONFIG

    async def find_prefix(self, bot, message):
        return commands.when_mentioned_or(self.config["prefix"])(bot, message)

    async def setup_hook(self):
        self.db = sqlite3.connect("shop.db")
        self.db.executescript((HERE / "schema.sql").read_text())
        for file in sorted(os.listdir(HERE / "cogs")):
            if file.endswith(".py") and not file.startswith("_"):
                await self.load_extension(f"cogs.{file[:-3]}")

    async def on_ready(self):
        await self.get_channel(LOG_CHANNEL).send(f"{self.user.name} is open")

    async def on_command_error(self, context, error):
        if isinstance(error, commands.CommandNotFound):
            return
        await context.send(f"Sorry: {error}")


if __name__ == "__main__":
    ShopBot().run(TOKEN)
""",
    "cogs/__init__.py": "",
    "cogs/shop.py": """
import datetime
import urllib.request

import aiohttp
import discord
from discord.ext import commands


class Again(discord.ui.View):
    @discord.ui.button(label="Again")
    async def again(self, interaction, button):
        await interaction.response.send_message("Once more!")


class Shop(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.command()
    async def ping(self, ctx):
        await ctx.send("Pong!", view=Again())

    @commands.command()
    async def today(self, ctx):
        await ctx.send(datetime.datetime.now(datetime.timezone.utc).isoformat())

    @commands.hybrid_command(description="Count the warnings")
    async def warns(self, ctx):
        number, = self.bot.db.execute("SELECT count(*) FROM warns").fetchone()
        await ctx.send(f"{number} warnings")

    @commands.hybrid_command(description="Warn somebody")
    async def warn(self, ctx, name: str):
        with self.bot.db:
            self.bot.db.execute("INSERT INTO warns VALUES (?)", (name,))
        await ctx.send(f"{name} is warned")

    @commands.command()
    async def broken(self, ctx):
        await ctx.send({}["price"])

    @commands.command()
    async def weather(self, ctx):
        async with aiohttp.ClientSession() as session, session.get("https://wttr.example/") as got:
            await ctx.send(await got.text())

    @commands.command()
    async def news(self, ctx):
        urllib.request.urlopen("https://news.example/")

    @commands.command(name="close")
    @commands.is_owner()
    async def close_shop(self, ctx):
        await self.bot.close()


async def setup(bot):
    await bot.add_cog(Shop(bot))
""",
}
SCRIPT = """
steps:
  - say: "?ping"
  - press: Again
  - command: /warn name:bob
  - say: "?warns"
  - restart
  - command: /warns
  - say: "?today"
"""


def write_foreign_bot(folder: Path, changes: dict[str, str] | None = None) -> str:
    """Commit the bot, with other files where `changes` says so, and return the commit."""
    return commit(folder, {**FILES, **(changes or {})})
