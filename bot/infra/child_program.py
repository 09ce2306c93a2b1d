"""Runs a program in a process group of its own, which nothing of it survives."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


async def run_program(
    command: Sequence[str], *, folder: Path, variables: Mapping[str, str], seconds: float
) -> tuple[int | None, str]:
    """Run a program to its end; return its exit status (`None` after a timeout) and output.

    Args:
        command: The program and its arguments.
        folder: Where it starts.
        variables: Its whole environment.
        seconds: How long it may take. Then it is killed, with all that it has started.

    Raises `OSError` if it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=dict(variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        return None, ""
    finally:
        if process.returncode is None:
            kill_program(process)
            await process.wait()
    return process.returncode, output.decode(errors="replace")


def kill_program(process: asyncio.subprocess.Process) -> None:
    """Kill a program that has a process group of its own, with all that it has started."""
    with suppress(ProcessLookupError, PermissionError):  # macOS permits nothing to an ended group
        os.killpg(process.pid, signal.SIGKILL)
