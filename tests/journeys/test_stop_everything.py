"""Everything is stopped within five seconds, in each of three ways, and stays so over a restart."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from bot.demo.faults import FAULTS
from tests.support.demo_playground import Playground, open_playground
from tests.support.page_reader import get_text
from tests.support.processes import list_processes

pytestmark = pytest.mark.slow

_MOST = 5.0  # seconds from the word to nothing working any more


def _working(play: Playground) -> list[int]:
    """Return the processes that work in the demo's home, besides the supervisor and its bot."""
    bots = _with_children(play.demo.bot.pid)
    return [pid for pid in list_processes(play.demo.workspace.home) if pid not in bots]


def _with_children(pid: int | None) -> set[int]:
    if pid is None:
        return set()
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return {pid, *map(int, children.read_text().split())} if children.exists() else {pid}


async def _until(play: Playground, working: bool, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while bool(_working(play)) is not working:  # noqa: ASYNC110  # they raise no event
            await asyncio.sleep(0.02)


async def _slash(play: Playground) -> None:
    await play.alice.person.run("dev", "stop-everything")


async def _signal(play: Playground) -> None:
    assert play.demo.bot.pid is not None
    os.kill(play.demo.bot.pid, signal.SIGUSR1)


async def _file(play: Playground) -> None:
    await asyncio.to_thread((play.demo.workspace.state / "STOP").touch)


async def test_in_three_ways_everything_stops_and_a_restart_takes_nothing_up(
    tmp_path: Path,
) -> None:
    fault = FAULTS[0]
    async with open_playground(tmp_path, fault) as play:
        await play.trigger_fault()
        for way in (_slash, _signal, _file):
            await _until(play, working=False, seconds=60)  # what warms the checks' caches
            thread = await play.alice.ask(fault.report)
            await _until(play, working=True, seconds=30)
            began = time.monotonic()
            await way(play)
            await _until(play, working=False, seconds=_MOST)
            took = time.monotonic() - began
            assert "Ended by the emergency stop" in get_text(
                await play.alice.wait_for_end(thread, _MOST)
            )
            print(f"{way.__name__}: no process after {took:.2f} s")  # noqa: T201
            if way is not _file:
                assert await play.alice.run("dev", "resume") == "I resume my own work."
        play.demo.bot.restart()
        await play.alice.wait_for_text("dev", "I was started, but the emergency stop is active.")
        assert "Everything was stopped" in await play.alice.run("dev", "health")
