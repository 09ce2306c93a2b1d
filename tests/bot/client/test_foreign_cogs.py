"""Other people's cogs with the bot's own: ours load first and stay, whatever others do."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from local_discord.server import LocalDiscord, LocalPerson

from tests.support.live_client import Home, LiveClient, run_client, use_own_cogs

QUESTIONS = """\
from discord import app_commands
from discord.ext import commands


class Questions(commands.Cog):
    @app_commands.command()
    async def help(self, interaction):
        "Help."
        await interaction.response.send_message("ours")

    @commands.command()
    async def ask(self, ctx):
        await ctx.send("ours")


async def setup(bot):
    await bot.add_cog(Questions())
"""
FOREIGN = """\
from discord import app_commands
from discord.ext import commands


class {cls}(commands.Cog):
    @{decorator}
    async def {name}(self, context):
        "Foreign."


async def setup(bot):
    {before}
    await bot.add_cog({cls}(){options})
"""


def foreign(
    *,
    cls: str = "Assistance",
    decorator: str = "app_commands.command()",
    name: str = "other",
    before: str = "pass",
    options: str = "",
) -> str:
    return FOREIGN.format(cls=cls, decorator=decorator, name=name, before=before, options=options)


DISPLACING = {
    "the same slash command": foreign(name="help"),
    "the same hybrid command": foreign(decorator="commands.hybrid_command()", name="help"),
    "the same typed command": foreign(decorator="commands.command()", name="ask"),
    "the same cog": foreign(cls="Questions"),
    "a cog that overrides": foreign(cls="Questions", options=", override=True"),
    "a command that overrides": foreign(name="help", options=", override=True"),
    "a removed slash command": foreign(name="help", before='bot.tree.remove_command("help")'),
    "all removed slash commands": foreign(before="bot.tree.clear_commands(guild=None)"),
    "a removed typed command": foreign(before='bot.remove_command("ask")'),
    "a removed cog": foreign(before='await bot.remove_cog("Questions")'),
    "an unloaded cog": foreign(before='await bot.unload_extension("cogs.questions")'),
    "a removal before a crash": foreign(before='await bot.remove_cog("Questions"); 1 / 0'),
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with use_own_cogs(tmp_path) as opened:
        opened.write("cogs/questions.py", QUESTIONS)
        yield opened


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord([LocalPerson("alice", listed=True)], token="local") as server:
        yield server


async def is_ours_intact(room: LiveClient) -> bool:
    """Return whether the bot's own commands are there and answer."""
    cog = room.client.get_cog("Questions")
    typed = room.client.get_command("ask")
    assert cog is not None and typed is not None
    assert type(cog).__module__ == typed.callback.__module__ == "cogs.questions"
    answered = await room.alice.run("dev", "help")
    return bool(answered["message"]["content"] == "ours")


async def test_no_foreign_cog_displaces_one_of_the_bots_own(
    home: Home, local: LocalDiscord
) -> None:
    names = {f"a{number}": each for number, each in enumerate(DISPLACING)}
    for module, each in names.items():
        home.write(f"cogs/{module}.py", DISPLACING[each])
    home.write("cogs/harmless.py", foreign(cls="Harmless", name="harmless"))
    async with run_client(home, local) as room:
        left_out = await room.client.get_failed_cogs()
        assert {names[module] for module in left_out} == set(DISPLACING)
        assert await is_ours_intact(room)
        assert "cogs.harmless" in room.client.extensions
        assert "name" in left_out["a0"]


@pytest.mark.parametrize("each", ["a removed cog", "a command that overrides"])
async def test_a_cog_that_is_edited_later_displaces_nothing_either(
    home: Home, local: LocalDiscord, each: str
) -> None:
    home.write("cogs/later.py", foreign(cls="Later", name="later"))
    async with run_client(home, local) as room:
        home.write("cogs/later.py", DISPLACING[each])
        adoption = await room.client.runtime.adopt(["cogs/later.py"])
        assert "displaces" in adoption.failed["cogs.later"]
        assert await is_ours_intact(room)


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("import weather_api\nasync def setup(bot): ...\n", "Install what provides `weather_api`"),
        ("def setup(bot): ...\n", "Make it `async def setup(bot)`"),
        (
            "from discord.ext import commands\nclass A(commands.Cog): ...\n",
            "Add `async def setup(bot)`",
        ),
    ],
    ids=["a missing package", "an old setup", "no setup"],
)
async def test_why_a_cog_does_not_load_comes_with_the_way_out(
    home: Home, local: LocalDiscord, source: str, remedy: str
) -> None:
    home.write("cogs/weather.py", source)
    async with run_client(home, local) as room:
        assert remedy in (await room.client.get_failed_cogs())["weather"]


async def test_a_helper_is_loaded_by_nobody_and_reloads_the_cogs_when_it_changes(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/utils/__init__.py", "WORD = 'old'\n")
    home.write("cogs/words.py", "from cogs.utils import WORD\nasync def setup(bot): ...\n")
    async with run_client(home, local) as room:
        assert await room.client.get_failed_cogs() == {}
        home.write("cogs/utils/__init__.py", "WORD = 'new'\n")
        adoption = await room.client.runtime.adopt(["cogs/utils/__init__.py"])
        assert adoption.failed == {}
        assert "cogs.words" in adoption.reloaded
        assert room.client.extensions["cogs.words"].WORD == "new"
