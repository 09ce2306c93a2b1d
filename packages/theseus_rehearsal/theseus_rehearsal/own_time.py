"""Time limits that do not depend on machine load: waiting for a processor does not count.

On a machine with ten times more work than processors, a command that needs two seconds takes
twenty. A limit in wall-clock time would then end correct work. Linux reports how long a process was
ready to run but had no processor (`schedstat`), and that time is subtracted. On other systems only
the wall clock counts.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

GENEROUS = 12
"""So many times its limit a command may take on the clock, however busy the machine is."""

LOOK_EVERY = 0.25  # seconds
_NANOSECONDS = 1e9
_CREDENTIALS = struct.Struct("3i")  # of a Unix socket's peer: process, user, group

Pids = Callable[[], Iterable[int]]


def read_wait_seconds(pid: int, proc: Path = Path("/proc")) -> float:
    """Return how long a process has waited for a processor; 0 where that is not known."""
    try:
        fields = (proc / str(pid) / "schedstat").read_text(encoding="ascii").split()
        return int(fields[1]) / _NANOSECONDS
    except (OSError, ValueError, IndexError):
        return 0.0


def get_peer_pid(connection: socket.socket | None) -> int:
    """Return the process id at the other end of a Unix socket, or 0 if it is unknown."""
    option = getattr(socket, "SO_PEERCRED", None)
    if connection is None or option is None:
        return 0
    pid, _, _ = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    )
    return int(pid)


class OwnTime:
    """Measures elapsed seconds without the time in which processes waited for a processor.

    `waited` returns how long a process has waited since its start. If several processes wait at the
    same time, at most the elapsed time is subtracted.
    """

    def __init__(
        self, now: float, pids: Iterable[int], waited: Callable[[int], float] = read_wait_seconds
    ) -> None:
        self._waited = waited
        self._at = now
        self._known = {pid: waited(pid) for pid in pids}
        self.seconds = 0.0

    def count(self, now: float, pids: Iterable[int]) -> None:
        """Count the time since the last look."""
        passed, waiting = max(0.0, now - self._at), 0.0
        for pid in set(pids):
            total = self._waited(pid)
            waiting += max(0.0, total - self._known.get(pid, 0.0))
            self._known[pid] = total
        self.seconds += max(0.0, passed - waiting)
        self._at = now


@asynccontextmanager
async def limit_own_time(
    seconds: float, pids: Pids, *, at_most: float | None = None
) -> AsyncIterator[None]:
    """Raise `TimeoutError` when the block has used `seconds` without waiting for a processor.

    `pids` is called repeatedly and returns the processes whose waiting does not count. The error is
    also raised after `at_most` seconds of wall-clock time, by default `GENEROUS` times `seconds`.
    """
    loop = asyncio.get_running_loop()
    latest = loop.time() + (seconds * GENEROUS if at_most is None else at_most)
    own = OwnTime(loop.time(), pids())

    async def watch(limit: asyncio.Timeout) -> None:
        while True:
            left = min(seconds - own.seconds, latest - loop.time())
            if left <= 0:
                limit.reschedule(loop.time())
                return
            await asyncio.sleep(min(left, LOOK_EVERY))
            own.count(loop.time(), pids())

    async with asyncio.timeout(None) as limit:
        watching = asyncio.create_task(watch(limit))
        try:
            yield
        finally:
            watching.cancel()
