"""A demo to measure in, and a clock on what is seen there."""

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from local_discord.person import Person
from local_discord.server import LocalDiscord

from bot.adapters.sqlite_store import SqliteStore
from bot.app.demo import build_local_forge, find_project_root
from bot.demo.demo import Demo, DemoPlan, start_demo
from bot.demo.faults import MetFault
from bot.domain.run import Run

Event = dict[str, Any]
_POLL_SECONDS = 0.05


@asynccontextmanager
async def open_demo(fault: MetFault | None) -> AsyncIterator[tuple[Demo, Person]]:
    """Run the demo with the offline engine; alice, who may ask and approve, is in it."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder:
        plan = DemoPlan(find_project_root(), Path(folder), fault, engine="offline")
        async with (
            start_demo(plan, build_local_forge) as running,
            Person(running.discord.base_url, "alice") as alice,
        ):
            await running.wait_until_online()
            yield running, alice


@asynccontextmanager
async def run_program(path: str, *arguments: str, **env: str) -> AsyncIterator[Process]:
    """Run a program of the project, with only this environment, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # so that it cannot import this project
        str(find_project_root() / path),
        *arguments,
        env=env,
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@asynccontextmanager
async def run_echo_bot(discord: LocalDiscord) -> AsyncIterator[None]:
    """Run a bare discord.py bot, which repeats what it is told, until the block ends."""
    async with run_program(
        "bench/_echo_bot.py",
        DISCORD_TOKEN=discord.token,
        THESEUS_DISCORD_API_URL=discord.api_url,
        THESEUS_DISCORD_GATEWAY_URL=discord.gateway_url,
    ):
        yield


class EventWatch:
    """Sees what happens in a local Discord, and when (`time.perf_counter`)."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._seen: list[tuple[float, Event]] = []
        self._news = asyncio.Condition()
        self._watching: asyncio.Task[None] | None = None
        self._open = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch(), name="watch")
        await self._open.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        async for event in self._person.stream_events():
            self._open.set()
            async with self._news:
                self._seen.append((time.perf_counter(), event))
                self._news.notify_all()

    async def wait_for(
        self, wanted: Callable[[Event], bool], seconds: float = 20.0, *, after: float = 0.0
    ) -> float:
        """Return when the first event that is `wanted` was seen `after` a time, waiting for it."""
        at = bisect_left(self._seen, after, key=lambda seen: seen[0])
        async with asyncio.timeout(seconds), self._news:
            while True:
                for moment, event in self._seen[at:]:
                    if wanted(event):
                        return moment
                at = len(self._seen)
                await self._news.wait()


async def wait_for_run(store: SqliteStore, wanted: Callable[[Run], bool], seconds: float) -> Run:
    """Return the newest run once it is as `wanted`. Raises `TimeoutError` with the run's state."""
    runs: tuple[Run, ...] = ()
    try:
        async with asyncio.timeout(seconds):
            while True:
                runs = await store.find(limit=1)
                if runs and wanted(runs[0]):
                    return runs[0]
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        state = f"{runs[0].status} at {runs[0].stage}: {runs[0].activity}" if runs else "no run"
        raise TimeoutError(f"after {seconds:.0f} s: {state}") from None
