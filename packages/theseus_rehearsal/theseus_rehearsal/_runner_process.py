"""The sandboxed process that has imported a tree's bot and forks a child for each script."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from theseus_rehearsal.errors import RehearsalError, SandboxUnavailable
from theseus_rehearsal.own_time import GENEROUS, get_peer_pid, limit_own_time
from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits

_RUNNER = Path(__file__).parent / "runner"
_START_SECONDS = 30.0
_ORDER_SECONDS = 10.0
_LIFE_SECONDS = 6 * 3600.0  # longer than any series of scripts
_LAST_LINES = 3
LIMITS = SandboxLimits(
    seconds=_LIFE_SECONDS, memory_mb=1536, processes=64, output_chars=20_000, disk_mb=512
)


class RunnerProcess:
    """Runs `runner` on a tree; a context manager that ends every process in the sandbox.

    The process can see `sockets`, write only to `state`, and runs the code of `tree`. `broken` is
    the reason if the tree's bot cannot be imported. Raises `RehearsalError` if the runner itself
    does not start.
    """

    def __init__(self, sandbox: Sandbox, tree: Path, folder: Path) -> None:
        self.sockets = folder / "sockets"
        self.state = folder / "state"
        self.broken = ""
        self.has_own_start = False
        self.pid = 0  # the process id, once it has connected
        self._sandbox = sandbox
        self.tree = tree.absolute()
        self._code = folder / "code"
        self._orders: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._running: asyncio.Task[Completed] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the process, and wait until it has imported the tree's bot."""
        for folder in (self.sockets, self.state):
            folder.mkdir()
        shutil.copytree(
            _RUNNER, self._code / "runner", ignore=shutil.ignore_patterns("__pycache__")
        )
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, with all its children."""
        await self._stack.aclose()

    @property
    def alive(self) -> bool:
        """True if the process can still fork."""
        return self._running is not None and not self._running.done() and not self.broken

    async def _start(self) -> None:
        connected: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.pid = self.pid or get_peer_pid(writer.get_extra_info("socket"))
            connected.put_nowait((reader, writer))

        path = self.sockets / "server"
        server = await asyncio.start_unix_server(accept, path)
        self._stack.callback(server.close)
        self._running = asyncio.create_task(self._run(), name="rehearsal runner")
        self._stack.push_async_callback(_cancel, self._running)
        first = asyncio.create_task(connected.get())
        # Until it connects, its process id is not known, so its own time cannot be measured.
        await asyncio.wait(
            {first, self._running},
            timeout=_START_SECONDS * GENEROUS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not first.done():
            first.cancel()
            raise RehearsalError(f"I cannot run scripts here: {self.get_last_output()}")
        self._orders = first.result()
        self._stack.callback(self._orders[1].close)
        server.close()  # the first connection is the runner's: the tree's code is not imported yet
        await self._receive("started")
        try:
            async with limit_own_time(_START_SECONDS, lambda: (os.getpid(), self.pid)):
                message = await self._receive("prepared", "broken")
            self.broken = str(message.get("broken", ""))
        except TimeoutError:
            self.broken = f"the import took more than {_START_SECONDS:.0f} s"
        except RehearsalError as error:
            self.broken = str(error)

    async def _run(self) -> Completed:
        # Only the tree's own `bot` may be importable, so the runner is copied to its own folder.
        env = {
            "PYTHONPATH": str(self._code),
            "PYTHONHASHSEED": "0",
            "TZ": "UTC",
        }
        command = [sys.executable, "-P", "-W", "ignore", "-m", "runner"]
        return await self._sandbox.run(
            [*command, str(self.sockets), str(self.tree)],
            cwd=self.tree,
            writable=(self.state,),
            env=env,
            limits=LIMITS,
            readable=(self._code, self.sockets),
        )

    def get_last_output(self) -> str:
        """Return the end of its output, or the reason why it does not run."""
        if self._running is None or not self._running.done():
            return "it does not answer"
        if self._running.cancelled():
            return "it was stopped"
        error = self._running.exception()
        if error is not None:
            return str(error)
        lines = self._running.result().output.strip().splitlines()
        return " / ".join(lines[-_LAST_LINES:]) or "it ended without a message"

    async def fork(self, name: str, cogs: Sequence[str]) -> None:
        """Start a child that connects to the sockets of that name.

        The child runs only these cogs, or the tree's complete bot if there are none.
        """
        await self._order({"fork": name, "cogs": list(cogs)})

    async def end(self, name: str) -> None:
        """Kill a script's processes; return when none is left."""
        if not self.alive:
            return
        with suppress(RehearsalError, TimeoutError):  # then there is no process to end
            async with asyncio.timeout(_ORDER_SECONDS), self._one_at_a_time:
                await self._order({"end": name})
                await self._receive("ended")

    async def explain_end(self, name: str, reason: str) -> str:
        """Return why a script's bot ended: children of one process share its output."""
        return reason

    async def _order(self, order: dict[str, Any]) -> None:
        if self._orders is None:
            raise RehearsalError("the process that plays was not started")
        try:
            self._orders[1].write(json.dumps(order).encode() + b"\n")
            await self._orders[1].drain()
        except OSError as error:
            raise RehearsalError(
                f"the process that runs scripts ended: {self.get_last_output()}"
            ) from error

    async def _receive(self, *wanted: str) -> dict[str, Any]:
        if self._orders is None:
            raise RehearsalError("the process that plays was not started")
        try:
            while True:
                line = await self._orders[0].readline()
                message = json.loads(line) if line else None
                if not isinstance(message, dict):
                    break
                if any(key in message for key in wanted):
                    return message
        except (OSError, ValueError):
            pass
        if self._running is not None:  # once it has ended, its output contains the reason
            await asyncio.wait({self._running}, timeout=1.0)
        raise RehearsalError(f"the process that runs scripts ended: {self.get_last_output()}")


async def _cancel(running: asyncio.Task[Completed]) -> None:
    running.cancel()
    with suppress(asyncio.CancelledError, SandboxUnavailable, OSError):
        await running
