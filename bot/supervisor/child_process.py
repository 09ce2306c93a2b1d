"""One bot process: its socket, its signs of life, the end of what it wrote, its end."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bot.supervisor.messages import (
    LONGEST_LINE,
    VARIABLE,
    BadMessage,
    Message,
    format_message,
    parse_message,
)
from bot.supervisor.rules import Reading

_MAX_LINES = 40
_CHUNK = 64 * 1024
_LONGEST_TAIL = 4_000  # characters
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


class ChildProcess:
    """A bot, running. Made by `start`; `commit` is what the checkout stood at then."""

    def __init__(
        self, process: asyncio.subprocess.Process, commit: str, writer: asyncio.StreamWriter
    ) -> None:
        self.commit = commit
        self.pid = process.pid
        self.messages: dict[str, Message] = {}  # the newest message of each kind
        self.began_at = self.last_message_at = self._get_time()
        self.ready = self.was_ready = False
        self.reason = ""
        self.changed = asyncio.Event()
        self._process = process
        self._writer = writer
        self._lines: deque[bytes] = deque(maxlen=_MAX_LINES)
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls, command: Sequence[str], *, root: Path, commit: str, environment: Mapping[str, str]
    ) -> Self:
        """Start a bot in `root`. Raises `OSError`.

        It gets its own process group, so that Ctrl-C reaches only the supervisor, which passes it
        on.
        """
        ours, theirs = socket.socketpair()
        number = theirs.fileno()
        channel = f"{number}:tty" if sys.stderr.isatty() else f"{number}"
        try:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=root, env={**environment, VARIABLE: channel}, pass_fds=(number,),
                stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, process_group=0,
            )  # fmt: skip
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE)
        child = cls(process, commit, writer)
        child._begin(reader)
        return child

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative for the number of a signal, `None` while the process runs."""
        return self._process.returncode

    @property
    def tail(self) -> str:
        """The end of what it wrote to standard error; not redacted."""
        return b"".join(self._lines).decode(errors="replace")[-_LONGEST_TAIL:]

    def begin(self, kind: str, **said: Any) -> None:
        """Give it its first order: its time counts from now."""
        self.began_at = self.last_message_at = self._get_time()
        self.send(kind, **said)

    def send(self, kind: str, **said: Any) -> None:
        """Send a message to the process; without effect if it has ended."""
        if not self._writer.is_closing():
            self._writer.write(format_message(kind, **said))

    def get_reading(self) -> Reading:
        """Return what is seen of it now."""
        return Reading(
            self.began_at,
            self.last_message_at,
            self.ready,
            self.was_ready,
            _read_memory_mb(self.pid),
        )

    def reset_silence(self) -> None:
        """Count its silence from now, because its messages were not read before."""
        self.last_message_at = self._get_time()

    async def wait(self, seconds: float) -> bool:
        """Wait for its end; `False`: it has not come in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._process.wait()
        return self.exit_code is not None

    async def kill(self) -> None:
        """End it and what is left of its group, at once; again is harmless."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._writer.close()
        # Its last output may still be in the pipe. The wait is limited, because other processes may
        # hold the pipe open.
        await asyncio.wait(self._tasks, timeout=1.0) if self._tasks else None
        for task in self._tasks:
            task.cancel()

    # How it is done

    def _begin(self, reader: asyncio.StreamReader) -> None:
        for work in (self._listen(reader), self._copy(), self._wait()):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Take its messages until it hangs up; one that cannot be understood is passed over."""
        with contextlib.suppress(OSError, ValueError):  # a line without an end is a `ValueError`
            while line := await reader.readline():
                with contextlib.suppress(BadMessage):
                    self._handle_message(parse_message(line))

    def _handle_message(self, message: Message) -> None:
        self.last_message_at = self._get_time()
        kind = message["type"]
        if kind in ("heartbeat", "ready"):
            self.ready = kind == "ready" or message.get("ready") is True
            self.was_ready = self.was_ready or self.ready
        if kind == "waiting":
            self.began_at = self.last_message_at  # its time counts once it has what it waits for
        self.messages[kind] = message
        self.changed.set()

    async def _copy(self) -> None:
        """Pass on what it writes to standard error, and keep the end of it."""
        source = self._process.stderr
        while source is not None and (chunk := await source.read(_CHUNK)):
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.buffer.write(chunk)
                sys.stderr.buffer.flush()
            self._lines.extend(chunk.splitlines(keepends=True))

    async def _wait(self) -> None:
        await self._process.wait()
        self.changed.set()

    @staticmethod
    def _get_time() -> float:
        return asyncio.get_running_loop().time()


def _read_memory_mb(pid: int) -> float | None:
    """Return the resident memory of a process in MiB, or `None` if it is unknown."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MB
    except (OSError, ValueError, IndexError):
        return None
