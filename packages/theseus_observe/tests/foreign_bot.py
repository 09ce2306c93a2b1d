"""A bot that nobody of Theseus wrote: its files, and how it is started and asked."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from local_discord import LocalDiscord, LocalPerson, Person

PACKAGE = Path(__file__).resolve().parents[1]
COMMIT = "c0ffee" * 6 + "abcd"
_END_SECONDS = 20

BOT = '''
import asyncio
import os

import discord
from discord.ext import commands


class ReviewBot(commands.Bot):
    """The maintainer's own subclass, with a pool and its own error handlers."""

    def __init__(self):
        super().__init__(
            command_prefix="?", intents=discord.Intents.all(), guild_ready_timeout=0.01
        )
        self.pool = {"reviews": {}}

    async def setup_hook(self):
        await self.load_extension("cogs.reviews")
        await self.tree.sync()
        if os.environ.get("LOADS_OBSERVE", "1") == "1":
            await self.load_extension("theseus_observe")

    async def on_command_error(self, ctx, error):
        await ctx.send(f"Sorry: {type(error).__name__}")

    async def on_error(self, event, *args, **kwargs):
        await self.get_channel(int(os.environ["CHANNEL"])).send(f"Listener {event} failed")


async def main():
    async with ReviewBot() as bot:

        @bot.tree.error
        async def answer_error(interaction, error):
            await interaction.response.send_message(f"Slash: {type(error).__name__}")

        await bot.start("a-token")


asyncio.run(main())
'''
COG = """
import asyncio
import random

import discord
from discord import app_commands
from discord.ext import commands, tasks

FACES = [1, 2, 3]


class Stars(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="five", custom_id="stars:five")
    async def five(self, interaction, button):
        await interaction.response.send_message("Five!")

    @discord.ui.button(label="six", custom_id="stars:six")
    async def six(self, interaction, button):
        FACES[6]

    @discord.ui.button(label="quiet", custom_id="stars:quiet")
    async def quiet(self, interaction, button):
        pass

    @discord.ui.select(custom_id="stars:choose", options=[discord.SelectOption(label="one")])
    async def choose(self, interaction, select):
        await interaction.response.send_message(f"Chose {select.values[0]}")


class OwnStars(Stars):
    async def interaction_check(self, interaction):
        return interaction.data["custom_id"] != "stars:choose"

    async def on_error(self, interaction, error, item):
        await interaction.response.send_message("The view's own handler")


class Letter(discord.ui.Modal, title="Letter"):
    body = discord.ui.TextInput(label="Body", custom_id="body")

    def __init__(self):
        super().__init__(custom_id="letter")

    async def on_submit(self, interaction):
        int(self.body.value)


@app_commands.context_menu(name="Count words")
async def count_words(interaction, message: discord.Message):
    await interaction.response.send_message(str(len(message.content.split())))


class Reviews(commands.Cog):
    review = app_commands.Group(name="review", description="Reviews")

    def __init__(self, bot):
        self.bot = bot

    @commands.command()
    async def average(self, ctx, total: int, number: int):
        await ctx.send(str(total / number))

    @commands.command()
    async def show(self, ctx, kind: str = "plain"):
        await ctx.send(f"{kind} stars", view=OwnStars() if kind == "own" else Stars())
        await ctx.send(f"{kind} shown")  # from now on presses reach the view

    @commands.hybrid_command()
    async def grade(self, ctx, points: int):
        await ctx.send(FACES[points])

    @review.command(name="add", description="Add one")
    async def add(self, interaction, points: int):
        await interaction.response.send_message(str(FACES[points]))

    @review.command(name="silent", description="Says nothing")
    async def silent(self, interaction):
        pass

    @review.command(name="write", description="Opens a form")
    async def write(self, interaction):
        await interaction.response.send_modal(Letter())

    @review.command(name="find", description="Has choices")
    async def find(self, interaction, name: str):
        await interaction.response.send_message(name)

    @find.autocomplete("name")
    async def choices(self, interaction, current):
        raise LookupError("no choices")

    @commands.command()
    async def praise(self, ctx, who: discord.Member, *, place: discord.TextChannel):
        raise LookupError("no praise")

    @commands.command()
    async def start(self, ctx):
        self.count.start()
        self.task = asyncio.create_task(self.work(), name="work")
        await ctx.send("started")

    async def work(self):
        await asyncio.sleep(0)
        raise RuntimeError("the background is gone")

    @tasks.loop(seconds=0.01)
    async def count(self):
        if self.count.current_loop == 2:
            FACES["x"]

    @count.error
    async def tell(self, error):
        await self.bot.get_channel(int(__import__("os").environ["CHANNEL"])).send("Loop failed")

    @commands.Cog.listener()
    async def on_message(self, message):
        if message.content == "boom":
            raise KeyError("boom")


async def setup(bot):
    bot.tree.add_command(count_words)
    await bot.add_cog(Reviews(bot))
"""
# A program of its own points discord.py at the local Discord, as a replay would; then the bot runs.
START = """
import os, runpy, sys
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

Route.BASE = os.environ["API"]
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GATEWAY"])
sys.path[0] = os.getcwd()
sys.argv[:] = sys.argv[1:]
if sys.argv[0] == "theseus_observe":
    runpy.run_module("theseus_observe", run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


class ForeignBot:
    """A running foreign bot; `alice` talks to it. Its journal is complete once it has ended."""

    def __init__(self, root: Path, alice: Person, process: asyncio.subprocess.Process) -> None:
        self.root = root
        self.alice = alice
        self.errors = ""
        self._process = process

    async def say(self, text: str, answer: str) -> dict[str, Any]:
        """Say something and return the bot's answer, which contains a text."""
        await self.alice.say("dev", text)
        return await self.alice.wait_for(
            "dev", lambda each: bool(each["author"].get("bot")) and answer in each["content"]
        )

    async def end(self) -> None:
        """End the bot as Ctrl-C does."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(_END_SECONDS):
            _, errors = await self._process.communicate()
        self.errors = errors.decode()

    def read(self) -> list[dict[str, Any]]:
        """Return the records, oldest first."""
        return read_records(self.root / "theseus-journal")


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a journal's folder, oldest first."""
    files = sorted(folder.glob("*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def write_bot(root: Path, bot: str = BOT) -> None:
    """Write the bot's files, in a checkout of a commit."""
    (root / "cogs").mkdir(parents=True)
    (root / "bot.py").write_text(bot)
    (root / "cogs/__init__.py").touch()
    (root / "cogs/reviews.py").write_text(COG)
    (root / "requirements.txt").write_text("discord.py\n")
    (root / ".git/refs/heads").mkdir(parents=True)
    (root / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (root / ".git/refs/heads/main").write_text(f"{COMMIT}\n")


@asynccontextmanager
async def run_foreign_bot(
    root: Path,
    *,
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = ("bot.py",),
    bot: str = BOT,
) -> AsyncIterator[ForeignBot]:
    """Run the bot in a process of its own until the block ends; it is online when it begins."""
    write_bot(root, bot)
    (root.parent / "start.py").write_text(START)
    people = [LocalPerson("alice", listed=True)]
    async with (
        LocalDiscord(people, token="a-token") as local,
        Person(local.base_url, "alice") as alice,
    ):
        process = await asyncio.create_subprocess_exec(
            python, str(root.parent / "start.py"), *arguments,
            cwd=root,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PACKAGE),
                "API": local.api_url,
                "GATEWAY": local.gateway_url,
                "CHANNEL": str(local.dev_channel_id),
                **(environment or {}),
            },
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running = ForeignBot(root, alice, process)
        try:
            await alice.wait_for_bot()
            yield running
        finally:
            await running.end()
