"""Commands without a pause while a cog and the persona are changed again and again."""

import asyncio
import gc
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
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
from local_discord.server import LocalDiscord, LocalPerson
from tests.support.live_client import Home, LiveClient, living, own_cogs

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
_ANSWER = re.compile(r"hello \d+")
_RSS = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)


class Load(NamedTuple):
    """What came of it. `more` is how many more of the cog are in memory then; memory is in MB."""

    commands: int
    failed: tuple[str, ...]
    seconds: float
    more: int
    before: float
    after: float


async def reloads_under_load(
    folder: Path, reloads: int, *, people: int = 4, commands: int = 0
) -> Load:
    """Reload so often while people give commands without a pause; go on to so many `commands`.

    Nothing of it is tried in a process of its own: what counts here is the running one.
    """
    async with AsyncExitStack() as stack:
        home = stack.enter_context(own_cogs(folder))
        _write(home, 0)
        local = await stack.enter_async_context(
            LocalDiscord([LocalPerson("alice", listed=True)], token="local-token")
        )
        room = await stack.enter_async_context(living(home, local))
        versions = await stack.enter_async_context(VersionRepository(folder / "live.sqlite3"))
        registry = _registry(room, versions)
        await registry.start()
        return await _driven(room, registry, reloads, people, commands)


async def _driven(
    room: LiveClient, registry: FileLiveRegistry, reloads: int, people: int, commands: int
) -> Load:
    over, answers, failed = asyncio.Event(), list[str](), list[str]()
    prompts = Prompts(room.home.root / "prompts", lambda: registry.live.prompts)

    async def commanding() -> None:
        while not (over.is_set() and len(answers) >= commands):
            told = str(((await room.alice.run("dev", "greet"))["message"] or {}).get("content"))
            persona = prompts.render("persona")
            (answers if _ANSWER.fullmatch(told) and _ANSWER.fullmatch(persona) else failed).append(
                told
            )

    before, cogs, began = _memory(), _cogs(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(people):
            group.create_task(commanding())
        for number in range(1, reloads + 1):
            _write(room.home, number)
            result = await registry.reload(FILE_AUTHOR)
            if len(result.live) != 2:
                failed.append(f"reload {number}: {result}")
        over.set()
    seconds = time.perf_counter() - began
    for _ in range(20):
        await asyncio.sleep(0)  # loops that were cancelled have their last turn
    more = _cogs() - cogs
    return Load(len(answers), tuple(failed), seconds, more, before, _memory())


def _registry(room: LiveClient, versions: VersionRepository) -> FileLiveRegistry:
    async def none_refused(_names: Sequence[str]) -> Mapping[str, str]:
        return {}

    loader = CogLoader(lambda: room.client.runtime, none_refused, room.client.recorder)
    return FileLiveRegistry(
        Catalog(room.home.root), Validation(), versions, SystemClock(), loaders={"cog": loader}
    )


def _write(home: Home, number: int) -> None:
    home.write("cogs/greeter.py", COG.format(number=number))
    home.write("prompts/persona.md", f"hello {number}")


def _cogs() -> int:
    """Return how many cogs of whatever version are in memory."""
    gc.collect()
    return sum(1 for each in gc.get_objects() if type(each).__module__ == "cogs.greeter")


def _memory() -> float:
    gc.collect()
    told = _RSS.search(Path("/proc/self/status").read_text(encoding="ascii"))
    return int(told[1]) / 1024 if told else 0.0
