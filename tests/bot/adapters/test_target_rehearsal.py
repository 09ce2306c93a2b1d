"""Targets are replayed by their own start, with the errors of the bot."""

import sys
from pathlib import Path

import pytest
from theseus_rehearsal.foreign import BotStart
from theseus_rehearsal.ports.rehearsal import run_script
from theseus_rehearsal.script_files import parse_script
from theseus_rehearsal.visible_lines import list_visible_lines

from bot.adapters.rehearsal import build_target_rehearsal, convert_start
from bot.app.target_places import find_python
from bot.domain.errors import ConfigError
from bot.domain.target import Target, TargetEnvironment, TargetStart
from tests.support.local_sandbox import choose_local_sandbox

BOT = """
import sys
from pathlib import Path

import discord
from discord.ext import commands

bot = commands.Bot("?", intents=discord.Intents.all())


@bot.command()
async def where(ctx):
    await ctx.send(f"{Path.cwd().name} {sys.argv[1]}")


bot.run(Path("token.txt").read_text())
"""
START = TargetStart(file="run.py", arguments=("--quiet",), folder="app")


def build_target(python: str | None = None) -> Target:
    environment = TargetEnvironment(python=python)
    return Target(name="shop", repository=".", start=START, environment=environment)


def test_each_kind_of_start_is_converted() -> None:
    assert convert_start(START) == BotStart("file", "run.py", ("--quiet",), "app")
    assert convert_start(TargetStart(module="shop")) == BotStart("module", "shop")
    assert convert_start(TargetStart(factory="shop:make")) == BotStart("factory", "shop:make")


def test_a_missing_python_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"shop: environment\.python: /nowhere/python is not there"
    ):
        find_python(build_target("/nowhere/python"))


@pytest.mark.slow
async def test_a_target_is_replayed_from_the_folder_in_which_it_starts(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / "app").mkdir(parents=True)
    (folder / "app/run.py").write_text(BOT)
    script = parse_script('- say: "?where"\n', "s.yaml")
    target = build_target(sys.executable)
    rehearsal = build_target_rehearsal(
        choose_local_sandbox(), target.start, find_python(target), folder
    )
    lost = await run_script(rehearsal, folder, script)
    assert "it needs the file token.txt" in lost.trouble
    (folder / "app/token.txt").write_text("none of ours")
    done = await run_script(rehearsal, folder, script)
    assert list_visible_lines(done)[0] == ("dev: app --quiet",)
