"""A reloaded cog leaves nothing behind: no old module, no loop, no button of the old code."""

import asyncio
import gc
import sys
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from local_discord.server import LocalDiscord

from tests.support.live_client import Home, LiveClient, run_client

PARTS = "WORD = {word!r}\n\n\nclass Part:\n    pass\n"
COG = """
import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from cogs.shop._parts import WORD, Part


class Panel(ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @ui.button(label="Buy", custom_id="shop:buy")
    async def buy(self, interaction, _):
        await interaction.response.send_message(WORD)


class Shop(commands.Cog):
    def __init__(self, bot):
        self.bot, self.part = bot, Part()
        bot.add_view(Panel())
        self.tick.start()

    @tasks.loop(seconds=3600)
    async def tick(self):
        pass

    @app_commands.command()
    async def shop(self, interaction):
        "Open."
        await interaction.response.send_message("open", view=Panel())


async def setup(bot):
    await bot.add_cog(Shop(bot))
"""


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/shop/__init__.py", COG)
    home.write("cogs/shop/_parts.py", PARTS.format(word="old"))
    async with run_client(home, local) as room:
        yield room


def loops() -> list[asyncio.Task[Any]]:
    return [each for each in asyncio.all_tasks() if "discord-ext-tasks: Shop" in each.get_name()]


def old_code(room: LiveClient) -> list[weakref.ref[Any]]:
    cog = room.client.cogs["Shop"]
    modules = (sys.modules["cogs.shop"], sys.modules["cogs.shop._parts"])
    view = room.client.persistent_views[0]
    return [weakref.ref(each) for each in (cog, type(cog), *modules, view, type(view))]


async def until_collected(left: list[weakref.ref[Any]]) -> None:
    """Wait until the loop's last turn is over and all of it is collected, ten seconds at most."""
    async with asyncio.timeout(10):
        while any(each() is not None for each in left):
            await asyncio.sleep(0.01)
            gc.collect()


async def test_old_modules_loops_and_views_are_gone_after_a_reload(room: LiveClient) -> None:
    left = old_code(room)
    assert len(loops()) == 1
    room.home.write("cogs/shop/_parts.py", PARTS.format(word="new"))
    adoption = await room.client.runtime.adopt(["cogs/shop/_parts.py"])
    assert adoption.reloaded == ("cogs.shop",)
    await until_collected(left)
    assert len(loops()) == 1
    assert len(room.client.persistent_views) == 1


async def test_a_button_from_before_is_answered_by_the_new_code(room: LiveClient) -> None:
    shown = (await room.alice.run("dev", "shop"))["message"]
    room.home.write("cogs/shop/_parts.py", PARTS.format(word="new"))
    await room.client.runtime.adopt(["cogs/shop/_parts.py"])
    pressed = await room.alice.press("dev", "shop:buy", shown)
    assert pressed["message"]["content"] == "new"


def objects_of_the_cog() -> list[str]:
    kinds = (type(each) for each in gc.get_objects())
    return [kind.__name__ for kind in kinds if kind.__module__ == "cogs.shop"]


async def test_thirty_reloads_leave_as_much_as_one(room: LiveClient) -> None:
    for number in range(30):
        room.home.write("cogs/shop/_parts.py", PARTS.format(word=f"word {number}"))
        await room.client.runtime.adopt(["cogs/shop/_parts.py"])
    async with asyncio.timeout(10):
        while sorted(objects_of_the_cog()) != ["Panel", "Shop"]:
            # The stall watch lets go of its last sample when the loop has turned.
            await asyncio.sleep(0.01)
            gc.collect()
    assert len(loops()) == 1


async def test_a_deleted_cog_takes_its_loops_and_buttons_with_it(room: LiveClient) -> None:
    left = old_code(room)
    for file in ("cogs/shop/__init__.py", "cogs/shop/_parts.py"):
        room.home.delete(file)
    await room.client.runtime.adopt(["cogs/shop/__init__.py"])
    assert room.client.persistent_views == []
    await until_collected(left)
    assert loops() == []


async def test_what_does_not_load_has_one_loop_of_the_old_code(room: LiveClient) -> None:
    room.home.write("cogs/shop/_parts.py", "WORD = \n")
    adoption = await room.client.runtime.adopt(["cogs/shop/_parts.py"])
    assert "SyntaxError" in adoption.failed["cogs.shop"]
    shown = (await room.alice.run("dev", "shop"))["message"]
    pressed = await room.alice.press("dev", "shop:buy", shown)
    assert pressed["message"]["content"] == "old"
    async with asyncio.timeout(10):
        while len(loops()) != 1:  # noqa: ASYNC110  a cancelled loop sends no signal
            await asyncio.sleep(0.01)
