"""Run one command to its end, or to its time limit, leaving nothing of it behind."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

TAIL = 200_000


async def spawn(
    argv: Sequence[str], folder: Path, seconds: float, *, keep: int = TAIL
) -> tuple[int | None, str]:
    """Return the exit code and the end of the combined output; no code means time ran out.

    The command gets its own process group, which is killed when time is up or on cancellation.
    Raises `FileNotFoundError` when there is no such program.
    """
    child = await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output = b""
    try:
        async with asyncio.timeout(seconds):
            output, _ = await child.communicate()
    except TimeoutError:
        return None, output.decode(errors="replace")[-keep:]
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
    return child.returncode, output.decode(errors="replace")[-keep:]
