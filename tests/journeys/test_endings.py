"""The whole program outlives what its cogs raise, and ends soon once its event loop has ended."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from tests.fakes.repositories import commit, run_git
from tests.support.bot_program import run_program

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "right.discord.token"
COG = '''"""Endings."""

import asyncio
import sys

import discord
from discord import app_commands
from discord.ext import commands


class Endings(commands.Cog):
    """End."""

    @app_commands.command(description="End")
    async def end(self, interaction: discord.Interaction, how: str) -> None:
        """End as is named."""
        if how == "exit":
            sys.exit(3)
        await interaction.response.send_message("soon")
        asyncio.get_running_loop().call_later(0, sys.exit, 0)


async def setup(bot: commands.Bot) -> None:
    """Add the cog."""
    await bot.add_cog(Endings())
'''


async def test_an_exit_in_a_command_is_answered_and_one_in_a_timer_ends_the_process(
    tmp_path: Path,
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository, so there is nothing to clone")
    async with (
        LocalDiscord([LocalPerson("alice", listed=True)], token=TOKEN) as discord,
        Person(discord.base_url, "alice") as alice,
    ):
        clone = tmp_path / "bot"
        run_git(tmp_path, "clone", "-q", "--no-tags", str(ROOT), str(clone))
        run_git(clone, "remote", "remove", "origin")
        run_git(clone, "checkout", "-q", "-B", "main")
        config: dict[str, Any] = yaml.safe_load((clone / "data/config.yaml").read_text())
        config["discord"] = {
            "guild_id": discord.guild_id,
            "dev_channel_id": discord.dev_channel_id,
        }
        config["sandbox"]["kind"] = "none"
        files = {"data/config.yaml": yaml.safe_dump(config), "cogs/endings.py": COG}
        commit(clone, files, "End in two ways")
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "PYTHONPATH": str(clone),
            "DISCORD_TOKEN": TOKEN,
            "THESEUS_DISCORD_API_URL": discord.api_url,
            "THESEUS_DISCORD_GATEWAY_URL": discord.gateway_url,
        }
        async with run_program(clone, variables, "--no-supervisor") as bot:
            await alice.wait_for_bot(60)
            answer = await alice.run("dev", "end", how="exit")
            assert "`/end` failed with SystemExit" in answer["message"]["content"]
            assert (await alice.run("dev", "end", how="timer"))["message"]["content"] == "soon"
            assert await bot.wait() == 1
        async with run_program(clone, variables) as supervised:
            await alice.wait_for_bot(60)
            supervised.terminate()
            assert await supervised.wait() == 0
