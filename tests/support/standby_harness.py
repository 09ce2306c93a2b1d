"""A small bot on two machines: one state in PostgreSQL, two checkouts, two state folders."""

import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg.rows import dict_row

from bot.demo.bot_process import BotProcess
from bot.demo.workspace import DemoWorkspace
from tests.support.casts import Cast, MakeCast, open_scripted_cast
from tests.support.postgres_server import PostgresServer
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

_WAITS = "standing by for"


class StandbyHarness:
    """The two processes, and which of them leads."""

    def __init__(self, world: SmallBotHarness, second: BotProcess, url: str, home: Path) -> None:
        self.world = world
        self.machines = {"state": world.bot, "state2": second}
        self._url = url
        self._logs = {"state": home / "bot.log", "state2": home / "second.log"}

    def read_leader(self) -> dict[str, Any]:
        """Return the row of the leader."""
        with psycopg.connect(self._url, row_factory=dict_row) as server:
            row = server.execute("SELECT * FROM theseus_leader.leadership").fetchone()
        assert row is not None
        return row

    @property
    def leading(self) -> BotProcess:
        """The process that leads."""
        return self.machines[Path(self.read_leader()["place"]).name]

    @property
    def waiting(self) -> BotProcess:
        """The other process."""
        return next(each for each in self.machines.values() if each is not self.leading)

    def send_signal(self, process: BotProcess, number: signal.Signals) -> None:
        """Send a signal to a process."""
        assert process.pid is not None
        os.kill(process.pid, number)

    async def wait_until_standing_by(self, process: BotProcess, count: int = 1) -> None:
        """Wait until a process has said so often that it waits behind the leader."""
        await self.world.wait_until(lambda: self.count_standbys(process) >= count, 60, every=0.05)

    def count_standbys(self, process: BotProcess) -> int:
        """Return how often a process has said that it waits behind the leader."""
        name = next(name for name, each in self.machines.items() if each is process)
        log = self._logs[name]
        return log.read_text().count(_WAITS) if log.exists() else 0

    async def wait_for_epoch(self, epoch: int, seconds: float = 30) -> float:
        """Wait until that epoch began; return how long it took."""
        start = time.perf_counter()
        await self.world.wait_until(lambda: self.read_leader()["epoch"] >= epoch, seconds)
        return time.perf_counter() - start


@asynccontextmanager
async def open_standby(folder: Path, server: PostgresServer) -> AsyncIterator[StandbyHarness]:
    """Open a world with a leader that is online, and a standby that waits behind it."""
    shared = folder / "shared"
    shared.mkdir()
    world: SmallBotHarness
    async with open_small_bot(folder, _make_cast(server.url, shared)) as world:
        home, first = world.workspace.home, world.workspace
        checkout, state = home / "checkout2", home / "state2"
        shutil.copytree(first.checkout, checkout, symlinks=True)
        state.mkdir(mode=0o700)
        # The local forge is a file; a forge of several machines is a server.
        (state / "forge.sqlite3").symlink_to(first.state / "forge.sqlite3")
        workspace = DemoWorkspace(home, checkout, first.forge, state, first.config)
        cast, log = world.cast, home / "second.log"
        process = BotProcess(world.discord, workspace, log, cast.program, variables=cast.variables)
        async with process as second:
            pair = StandbyHarness(world, second, server.url, home)
            await pair.wait_until_standing_by(second)
            yield pair


def _make_cast(url: str, shared: Path) -> MakeCast:
    @asynccontextmanager
    async def open_cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
        content = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
        content["availability"] = {"standby": True, "silent_seconds": 3}
        workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
        variables = {"THESEUS_STATE_URL": url, "THESEUS_SHARED": str(shared)}
        async with open_scripted_cast(workspace, folder) as cast:
            yield replace(cast, variables=variables)

    return open_cast
