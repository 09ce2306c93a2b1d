"""The agent with fakes for Theseus itself, and real targets: git, sandbox, forge, journal."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from local_discord import LocalDiscord, LocalPerson, Person
from theseus_repair.shared_lock import SharedLock

from bot.adapters.offline_agent import OfflineAgent
from bot.adapters.system_clock import SystemClock
from bot.app.engines import EngineResources, Engines, MakeEngines
from bot.app.research import open_research
from bot.app.target_commands import build_target_commands
from bot.app.target_journals import open_target_journals
from bot.app.targets import OpenedTargets, open_targets
from bot.authority.flags import FlagRepository
from bot.domain.run import Run
from bot.infra.injector import Injector
from bot.ports.agent import Budget
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.run_links import NO_LINKS
from bot.prompts import Prompts
from bot.settings import Settings, load
from bot.skills import SkillLibrary, build_skills
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_model_gateway import FakeModelGateway
from tests.fakes.fake_report_pictures import FakeReportPictures
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.fakes.repositories import commit, run_git
from tests.support.agent_harness import PEOPLE, AgentHarness
from tests.support.local_sandbox import choose_local_sandbox

ROOT = Path(__file__).resolve().parents[2]
BOT = """\
import os

import discord
from discord.ext import commands

from games import share_sweets

bot = commands.Bot("!", intents=discord.Intents.all(), guild_ready_timeout=0.01)


@bot.event
async def setup_hook():
    await bot.load_extension("theseus_observe")


@bot.command()
async def share(ctx, sweets: int, people: int):
    await ctx.send(f"Each gets {share_sweets(sweets, people)}.")


@bot.command()
async def hello(ctx):
    await ctx.send("Hello!")


if __name__ == "__main__":
    bot.run(os.environ["TOKEN"])
"""
GAMES = '''\
def share_sweets(sweets, people):
    """Share sweets; nobody gets none."""
    return sweets // people
'''
WORKING = GAMES.replace("    return", "    if people == 0:\n        return 0\n    return")
WELCOME: Mapping[str, str] = {
    "bot.py": BOT,
    "games.py": GAMES,
    "requirements.txt": "discord.py\n",
    ".gitignore": "theseus-journal/\n.env\n",
}
SHARING = """\
from discord.ext import commands


class Sharing(commands.Cog):
    @commands.command()
    async def share(self, ctx, sweets: int, people: int):
        await ctx.send(f"Each gets {sweets // people}.")


async def setup(bot):
    await bot.add_cog(Sharing())
"""
_OBSERVE = '    await bot.load_extension("theseus_observe")\n'
COG_BOT: Mapping[str, str] = {
    **WELCOME,
    "bot.py": BOT[: BOT.index("@bot.command()")]
    .replace("from games import share_sweets\n", "")
    .replace(_OBSERVE, _OBSERVE + _OBSERVE.replace("theseus_observe", "sharing"))
    + BOT[BOT.index('if __name__ == "__main__"') :],
    "sharing.py": SHARING,
}
"""A bot whose command fails in itself: no function of it can be called without Discord."""
COG_WORKED = SHARING.replace("sweets // people", "sweets // max(people, 1)")
# Points discord.py at the local Discord, as a replay does; then the bot starts as it always does.
_START = """
import os, runpy, sys
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

Route.BASE = os.environ["API"]
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GATEWAY"])
sys.path[0] = os.getcwd()
runpy.run_path("bot.py", run_name="__main__")
"""


def build_entry(name: str, **more: Any) -> dict[str, Any]:
    """Return the entry of a target beside the checkout of Theseus."""
    return {
        "name": name,
        "repository": f"../{name}",
        "start": {"file": "bot.py"},
        "paths": {"free": ["games.py", "tests/regressions/*.py"], "guarded": ["bot.py"]},
        "log": {"folder": "theseus-journal"},
        "live": "checkout",
        **more,
    }


def write_settings(
    folder: Path,
    *entries: Mapping[str, Any],
    variables: Mapping[str, str] = MappingProxyType({}),
    **sections: Any,
) -> Settings:
    """Return the settings of a small checkout of Theseus with these targets, and more sections."""
    root = folder / "theseus"
    config = {
        "targets": list(entries),
        "checks": {"quick": [{"name": "lint", "command": ["true"]}]},
        "sandbox": {"kind": "auto", "required": False},
        **sections,
    }
    root.mkdir(exist_ok=True)
    run_git(root, "init", "-q", "-b", "main")
    commit(root, {"data/config.yaml": yaml.safe_dump(config), ".gitignore": "data/state/\n"})
    return load(root, variables)


def make_target(
    folder: Path,
    files: Mapping[str, str] = WELCOME,
    before: Mapping[str, str] = MappingProxyType({"games.py": WORKING}),
) -> str:
    """Make a target's repository, whose newest commit broke a command; return that commit."""
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    commit(folder, {**files, **before}, "feat: share sweets")
    return commit(folder, files, "refactor: share in one line")


async def run_target(folder: Path, say: str, within: float = 30.0) -> None:
    """Run a target with the local Discord until it has recorded a command that is said."""
    people = [LocalPerson("alice", listed=True)]
    async with (
        LocalDiscord(people, token="a-token") as local,
        Person(local.base_url, "alice") as alice,
    ):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _START, cwd=folder,
            env={
                "PATH": os.environ["PATH"], "API": local.api_url, "GATEWAY": local.gateway_url,
                "TOKEN": "a-token", "THESEUS_OBSERVE_VALUES": "always",
                "THESEUS_OBSERVE_TRAFFIC": "1",
            },
        )  # fmt: skip
        journal = folder / "theseus-journal"
        before = _count_records(journal)
        try:
            await alice.wait_for_bot()
            await alice.say("dev", say)
            async with asyncio.timeout(within):
                while _count_records(journal) == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # another process writes it
        finally:
            process.terminate()
            await process.wait()


def _count_records(journal: Path) -> int:
    return sum(file.read_text().count('"command.') for file in journal.glob("*.ndjson"))


def make_offline(resources: EngineResources) -> Engines:
    """Return the offline engine with the target's sandbox and Python."""
    agent = OfflineAgent(
        resources.sandbox, resources.clock, resources.load, python=resources.python
    )
    return Engines(agent, Budget(seconds=60), "offline")


class TargetHarness(AgentHarness):
    """The agent of Theseus, with real targets."""

    def __init__(
        self, folder: Path, settings: Settings, make_engines: MakeEngines = make_offline
    ) -> None:
        super().__init__(folder, clock=FakeClock(datetime.now(UTC)))
        self.settings = settings
        self._make_engines = make_engines

    async def open_targets(self, stack: AsyncExitStack) -> OpenedTargets:
        """Open the configured targets, and use them in later agents."""
        parent, system = Injector(), SystemClock()
        parent.add(self.settings)
        parent.add(self.clock, Clock)
        parent.add(SharedLock())
        parent.add(FlagRepository(self.key_values))
        parent.add(self.key_values, KeyValueStore)
        parent.add(await open_target_journals(self.settings, self.clock, stack))
        self.commands = parent.build(build_target_commands)
        parent.add(Recorder(self.journal, self.clock, self.folder, b"salt", lambda: None))
        parent.add(await open_research(self.settings, system, FakeSpendGuard(), stack))
        resources = EngineResources(
            settings=self.settings,
            sandbox=choose_local_sandbox(),
            verifier=self.verifier,
            journal=self.journal,
            store=self.store,
            memory=self.memory,
            clock=system,
            gateway=FakeModelGateway(),
            load=SharedLock(),
            skills=SkillLibrary(lambda: build_skills({})),
            prompts=Prompts(ROOT / "prompts"),
            pictures=FakeReportPictures(),
            protection=self.protection,
        )
        lists = {each.name: each.people or PEOPLE for each in self.settings.config.targets}
        self.limits = replace(self.limits, target_people=lists)
        self.targets = await open_targets(
            parent, stack, self._make_engines, resources, NO_LINKS, {}
        )
        return self.targets

    async def wait_for(self, true: Callable[[Run], bool], run_id: str, within: float) -> Run:
        """Return the run once `true` holds; other processes work in real time meanwhile."""
        try:
            async with asyncio.timeout(within):
                while not true(run := await self.store.get(run_id)):
                    await self.clock.advance(0.05)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{run!r} never got there; said: {self.list_texts(run)}") from None
        return run


@asynccontextmanager
async def open_world(
    folder: Path, settings: Settings, make_engines: MakeEngines = make_offline
) -> AsyncIterator[TargetHarness]:
    """Open the harness with its targets."""
    async with AsyncExitStack() as stack:
        world = TargetHarness(folder, settings, make_engines)
        await world.open_targets(stack)
        yield world
