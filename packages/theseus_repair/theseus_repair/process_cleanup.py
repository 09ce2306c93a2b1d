"""Ends a test server for good, with all processes it started and the sandbox around it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

DYING = 5.0


def list_descendants(pid: int) -> list[int]:
    """Return the ids of all processes below a process (Linux only; otherwise empty)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *list_descendants(int(child))]
    return found


async def wait_until_gone(pids: Sequence[int]) -> None:
    """Wait until none of them runs: a sandbox's processes end a moment after the sandbox."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DYING):
            while any(map(is_running, pids)):  # noqa: ASYNC110 - the kernel notifies only the parent
                await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended (Linux only; otherwise false)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill_marked(mark: str) -> None:
    """Kill every process with this mark in its initial environment (Linux only)."""
    wanted = f"THESEUS_REPAIR={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)
