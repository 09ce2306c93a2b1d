"""Machines that lose each other: at any time one of them acts, or none."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app.leadership import LOST
from tests.support.networks import Network, open_network
from tests.support.postgres_server import PostgresServer, run_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
LONGER = 6.0  # than the timeouts of the leader's connection, which have four seconds
A_WHILE = 1.0  # many times the pause between two acts


class Machines:
    """Two machines that would lead, and what they did."""

    def __init__(self, network: Network, server: PostgresServer, file: Path) -> None:
        self.server = server
        self.network = network
        self.names: list[str] = []
        self.processes: list[asyncio.subprocess.Process] = []
        self._file = file

    async def start(self) -> None:
        """Start one more."""
        name = self.network.add_machine()
        self.names.append(name)
        url = f"postgresql://theseus@{self.network.address}:{self.server.port}/postgres"
        self.processes.append(
            await asyncio.create_subprocess_exec(
                "ip", "netns", "exec", name, sys.executable, "-m", "tests.support.leader_program",
                url, f"{name}:/state", str(self._file), cwd=ROOT,
            )
        )  # fmt: skip

    def list_acts(self) -> list[int]:
        """Return the epoch of each act, oldest first."""
        return [int(line) for line in self._file.read_text().split()] if self._file.exists() else []

    async def wait_until(self, true: Callable[[], bool]) -> None:
        """Look again and again until it is true."""
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110 - other processes are polled
                await asyncio.sleep(0.02)

    async def wait_for_acts(self, epoch: int, count: int = 5) -> None:
        """Wait for so many more acts of an epoch."""
        wanted = self.list_acts().count(epoch) + count
        await self.wait_until(lambda: self.list_acts().count(epoch) >= wanted)

    def check_one_acted(self) -> None:
        """Check that no former leader acted after its successor."""
        acts = self.list_acts()
        assert acts == sorted(acts)


@asynccontextmanager
async def run_machines(folder: Path) -> AsyncIterator[Machines]:
    with open_network() as network, run_server(network) as server:
        machines = Machines(network, server, folder / "acts")
        try:
            await machines.start()
            await machines.wait_for_acts(1)
            await machines.start()
            yield machines
        finally:
            for process in machines.processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()


async def test_a_leader_that_loses_the_database_is_replaced_and_ends_when_it_sees_that(
    tmp_path: Path,
) -> None:
    async with run_machines(tmp_path) as machines:
        first, _ = machines.names
        machines.network.cut(first)
        await machines.wait_for_acts(2)
        assert machines.processes[0].returncode is None  # it does not know, and does nothing
        machines.network.reconnect(first)
        async with asyncio.timeout(PATIENCE):
            assert await machines.processes[0].wait() == LOST
        await machines.wait_for_acts(2)
        machines.check_one_acted()


async def test_a_standby_that_loses_the_database_stays_a_standby_and_leads_later(
    tmp_path: Path,
) -> None:
    async with run_machines(tmp_path) as machines:
        _, second = machines.names
        machines.network.cut(second)
        await asyncio.sleep(LONGER)
        await machines.wait_for_acts(1)
        machines.network.reconnect(second)
        machines.processes[0].kill()
        await machines.wait_for_acts(2)
        machines.check_one_acted()


async def test_while_both_have_lost_the_database_none_acts_and_afterwards_one(
    tmp_path: Path,
) -> None:
    async with run_machines(tmp_path) as machines:
        for name in machines.names:
            machines.network.cut(name)
        await asyncio.sleep(LONGER)
        acts = machines.list_acts()
        await asyncio.sleep(A_WHILE)
        assert machines.list_acts() == acts
        for name in machines.names:
            machines.network.reconnect(name)
        await machines.wait_until(lambda: len(machines.list_acts()) > len(acts) + 5)
        machines.check_one_acted()


@pytest.mark.parametrize("seconds", [pytest.param(LONGER, id="6"), pytest.param(30.0, id="30")])
async def test_a_database_that_stands_still_changes_no_leader_for_that_time(
    tmp_path: Path, seconds: float
) -> None:
    async with run_machines(tmp_path) as machines:
        machines.server.send_signal(signal.SIGSTOP)
        acts = machines.list_acts()
        await asyncio.sleep(seconds)
        assert len(machines.list_acts()) <= len(acts) + 1  # one was checked before
        machines.server.send_signal(signal.SIGCONT)
        await machines.wait_until(lambda: len(machines.list_acts()) > len(acts) + 5)
        machines.check_one_acted()
