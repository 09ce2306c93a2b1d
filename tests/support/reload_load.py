"""Commands at a steady rate while a cog and the persona are changed again and again."""

import asyncio
import gc
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple

from bot.adapters.system_clock import SystemClock
from bot.domain.live_items import FILE_AUTHOR
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.cog_loader import CogLoader
from bot.hot_reload.registry import FileLiveRegistry
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import VersionRepository
from bot.prompts import Prompts
from tests.support.command_driver import (
    CommandDriver,
    CommandLoad,
    DriveResult,
    start_command_driver,
)
from tests.support.live_client import Home, LiveClient, run_client, use_own_cogs

COG = """
import discord
from discord import app_commands
from discord.ext import commands, tasks


class Greeter(commands.Cog):
    def __init__(self):
        self.tick.start()

    @tasks.loop(seconds=3600)
    async def tick(self):
        pass

    @app_commands.command()
    async def greet(self, interaction: discord.Interaction) -> None:
        "Greet."
        await interaction.response.send_message("hello {number}")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Greeter())
"""
_RSS = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)


class Load(NamedTuple):
    """What came of it, after a tenth of it has warmed the process up.

    `more` is how many more of the cog are in memory then, `objects` how many more of all kinds;
    memory, `before` and `after`, is in MB.
    """

    driven: DriveResult
    failed: tuple[str, ...]
    more: int
    objects: int
    before: float
    after: float


async def measure_reloads(folder: Path, reloads: int, *, commands: int, a_second: float) -> Load:
    """Reload this often, spread over the time of this many commands.

    No reload is tried in a separate process first: only the running process is measured.
    """
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(start_command_driver())
        home = stack.enter_context(use_own_cogs(folder))
        _write(home, 0)
        room = await stack.enter_async_context(run_client(home, driver.address))
        versions = await stack.enter_async_context(VersionRepository(folder / "live.sqlite3"))
        registry = _create_registry(room, versions)
        await registry.start()
        finishing = asyncio.create_task(versions.run_forever())
        stack.callback(finishing.cancel)
        under_way = _ReloadRun(room, registry, driver)
        await under_way.run(reloads // 10, CommandLoad(commands // 10, a_second))
        before, cogs, objects = _measure_memory(), _count_cogs(), len(gc.get_objects())
        driven = await under_way.run(reloads, CommandLoad(commands, a_second))
        for _ in range(20):
            await asyncio.sleep(0)  # loops that were cancelled have their last turn
        more = _count_cogs() - cogs
        objects = len(gc.get_objects()) - objects
        failed = (*driven.failed, *under_way.failed)
        return Load(driven, failed, more, objects, before, _measure_memory())


class _ReloadRun:
    """A client under commands, whose cog and persona are changed meanwhile."""

    def __init__(self, room: LiveClient, registry: FileLiveRegistry, driver: CommandDriver) -> None:
        self.failed: list[str] = []
        self._room = room
        self._registry = registry
        self._driver = driver
        self._prompts = Prompts(room.home.root / "prompts", lambda: registry.live.prompts)
        self._numbers = count(1)

    async def run(self, reloads: int, wanted: CommandLoad) -> DriveResult:
        """Reload this often while the commands run; return the results of the commands."""
        driving = asyncio.create_task(self._driver.run_commands(wanted))
        began, whole = time.perf_counter(), wanted.commands / wanted.a_second
        for number in range(reloads):
            await self._reload(next(self._numbers))
            due = began + whole * number / reloads
            await asyncio.sleep(max(due - time.perf_counter(), 0))
        return await driving

    async def _reload(self, number: int) -> None:
        _write(self._room.home, number)
        result = await self._registry.reload(FILE_AUTHOR)
        told = self._prompts.render("persona")
        if len(result.live) != 2 or told != f"hello {number}":
            self.failed.append(f"reload {number}: {result}, {told}")


def _create_registry(room: LiveClient, versions: VersionRepository) -> FileLiveRegistry:
    async def refuse_none(_names: Sequence[str]) -> Mapping[str, str]:
        return {}

    loader = CogLoader(lambda: room.client.runtime, refuse_none, room.client.recorder)
    return FileLiveRegistry(
        Catalog(room.home.root), Validation(), versions, SystemClock(), loaders={"cog": loader}
    )


def _write(home: Home, number: int) -> None:
    home.write("cogs/greeter.py", COG.format(number=number))
    home.write("prompts/persona.md", f"hello {number}")


def _count_cogs() -> int:
    """Return how many cogs of whatever version are in memory."""
    gc.collect()
    return sum(1 for each in gc.get_objects() if type(each).__module__ == "cogs.greeter")


def _measure_memory() -> float:
    gc.collect()
    told = _RSS.search(Path("/proc/self/status").read_text(encoding="ascii"))
    return int(told[1]) / 1024 if told else 0.0
