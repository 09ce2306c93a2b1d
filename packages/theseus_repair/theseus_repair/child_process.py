"""Runs one command to its end, or to its time limit, and leaves no process behind."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

TAIL = 200_000  # characters
_CHUNK, _LEFT_OVER = 65_536, 16  # bytes of one read; reads of the rest of the pipe at the end
_LONGEST_CHARACTER = 4  # bytes


class _Tail:
    """Reads a pipe as it fills, and stores the end of the output."""

    def __init__(self, descriptor: int, keep: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor, self._keep = descriptor, keep * _LONGEST_CHARACTER
        self._read = bytearray()
        asyncio.get_running_loop().add_reader(descriptor, self._read_more)

    def _read_more(self) -> bool:
        """Read once; return whether there may be more."""
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return False
        self._read += data
        if len(self._read) > 2 * self._keep:
            del self._read[: -self._keep]
        return True

    def close(self) -> None:
        """Read the rest, but not for ever: another process may go on writing."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        for _ in range(_LEFT_OVER):
            if not self._read_more():
                break
        os.close(self._descriptor)

    def get_text(self, keep: int) -> str:
        """Return the last `keep` characters."""
        return self._read.decode(errors="replace")[-keep:]


async def spawn(
    argv: Sequence[str], folder: Path, seconds: float, *, keep: int = TAIL
) -> tuple[int | None, str]:
    """Return the exit code and the end of the combined output; `None` as code means a timeout.

    The command gets its own process group, which is killed when its first process has ended, at the
    timeout, or on cancellation. Waiting for the end of the output instead could take for ever,
    because a process left behind may hold it open. Raises `FileNotFoundError` if there is no such
    program.
    """
    reading, writing = os.pipe()
    tail = _Tail(reading, keep)
    try:
        code = await _run_process(argv, folder, seconds, writing)
    finally:
        tail.close()
    return code, tail.get_text(keep)


async def _run_process(
    argv: Sequence[str], folder: Path, seconds: float, output: int
) -> int | None:
    """Run the command; return its exit code, or `None` at a timeout. Closes `output`."""
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(output)
    try:
        async with asyncio.timeout(seconds):
            return await child.wait()
    except TimeoutError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
