"""The running bot takes on edited files by itself, and tells what it does not take on."""

import asyncio
from pathlib import Path

import pytest
import yaml
from local_discord.person import Person

from bot.app.demo import build_local_forge
from bot.demo.demo import DemoPlan, start_demo
from tests.support.repository_copy import share_repository

pytestmark = pytest.mark.slow

NEW = """from discord import app_commands
from discord.ext import commands


class Hello(commands.Cog):
    @app_commands.command()
    async def hello(self, interaction):
        "Say hello."
        await interaction.response.send_message("{word}")


async def setup(bot):
    await bot.add_cog(Hello())
"""


async def test_edits_are_live_by_themselves_and_broken_ones_are_told_and_left(
    tmp_path: Path,
) -> None:
    async with (
        start_demo(DemoPlan(share_repository(), tmp_path, None), build_local_forge) as running,
        Person(running.discord.base_url, "alice") as alice,
    ):
        await running.wait_until_online()
        checkout = running.workspace.checkout
        cog, persona = checkout / "cogs/hello.py", checkout / "prompts/persona.md"
        kind = persona.read_text()

        cog.write_text(NEW.format(word="hello"))
        await _answers(alice, "hello")
        cog.write_text(NEW.format(word="good morning"))
        await _answers(alice, "good morning")

        cog.write_text(NEW.format(word="broken") + "(")
        persona.write_bytes(b"\xff")
        await _told(alice, "did not take on a change of the cog `hello`: cogs/hello.py, line 14")
        await _told(alice, "did not take on a change of the persona: prompts/persona.md, line 1")
        assert await _hello(alice) == "good morning"
        assert "**Not taken on** `cogs/hello.py`, `prompts/persona.md`" in await _health(alice)

        persona.write_text(kind)
        cog.write_text(NEW.format(word="mended"))
        await _told(alice, "The file of the persona is good again: version 1 is live")
        await _told(alice, "The file of the cog `hello` is good again: version 3 is live")
        assert await _hello(alice) == "mended"

        assert "none are scheduled" not in await _health(alice)
        config = running.workspace.config
        settings = yaml.safe_load(config.read_text())
        settings["backup"]["cron"], settings["autonomy"]["an_hour"] = None, 1_000
        config.write_text(yaml.safe_dump(settings))
        await _told(alice, "`autonomy.an_hour` will count after a restart")
        assert "none are scheduled" in await _health(alice), "and the other one counts"


async def _health(person: Person) -> str:
    asked = (await person.run("dev", "health"))["message"]["id"]
    shown = await person.wait_for("dev", lambda each: each["id"] == asked and bool(each["content"]))
    return str(shown["content"])


async def _hello(person: Person) -> str:
    return str((await person.run("dev", "hello"))["message"]["content"])


async def _answers(person: Person, word: str) -> None:
    """Wait until the command answers so; before its first load Discord knows none."""
    async with asyncio.timeout(30):
        while True:
            told = await person.call("GET", "/local/commands")
            known = [each["name"] for each in told["commands"]]
            if "hello" in known and await _hello(person) == word:
                return
            await asyncio.sleep(0.1)


async def _told(person: Person, words: str) -> None:
    await person.wait_for("dev", lambda each: words in each["content"], timeout=30)
