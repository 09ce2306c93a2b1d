"""Ending a test server for good, with whatever it started and whatever confined it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

DYING = 5.0


def list_descendants(pid: int) -> list[int]:
    """Return a process's children, theirs, and so on (Linux only; elsewhere none)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *list_descendants(int(child))]
    return found


async def wait_until_gone(pids: Sequence[int]) -> None:
    """Wait until none of them runs: what a sandbox held dies a moment after the sandbox."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DYING):
            while any(map(is_running, pids)):  # noqa: ASYNC110 - the kernel tells nobody but a parent
                await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it has not ended (Linux only; elsewhere no)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill_marked(mark: str) -> None:
    """Kill every process that carries the mark in its first environment (Linux only)."""
    wanted = f"THESEUS_REPAIR={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)
