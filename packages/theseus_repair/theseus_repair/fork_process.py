"""Manages the process that forks a child per request: starts it on demand and stops it."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from theseus_repair.errors import RunnerUnavailable
from theseus_repair.fork_program import BOOT, build_settings
from theseus_repair.process_cleanup import kill_marked, list_descendants, wait_until_gone
from theseus_repair.runner import Confine

STARTING = 120.0  # wall-clock seconds; generous, because the machine may be busy
SLACK = 10.0  # seconds in addition to the server's own limit


class ForkProcess:
    """Sends requests to the program of `fork_program`; restarts it if it died.

    Args:
        python: The interpreter that runs the program.
        root: The tree under repair.
        mark: The value of `THESEUS_REPAIR` in the environment of it and all its children.
        environment: Further variables (`NAME=value`).
        scratch: A folder for its files.
        moved_from: The folder that the root is a copy of.
        folder: The folder below the root in which tests run.
        ahead: Requests that are sent at each start.
    """

    def __init__(
        self,
        root: Path,
        python: str,
        confine: Confine,
        mark: str,
        environment: Sequence[str] = (),
        moved_from: Path | None = None,
        folder: str = "",
    ) -> None:
        self._folder = folder
        self._root, self._python, self._confine, self._mark = root, python, confine, mark
        self._environment, self._moved_from = tuple(environment), moved_from
        self._server: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ready: asyncio.Future[None] | None = None
        self._starting = asyncio.Lock()
        self._number = 0
        self.scratch = ""
        self.preparations: tuple[Mapping[str, Any], ...] = ()

    async def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Return the answer to a request, or an answer with `late` after a timeout.

        Cancelling also cancels the request in the process.
        """
        self._number += 1
        number, server = self._number, await self.ensure_started()
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._send(server, {"id": number, **request})
            async with asyncio.timeout(seconds + SLACK):
                answer: dict[str, Any] = await future
                return answer
        except TimeoutError:
            await self.stop()
            return {"late": True, "output": "the test server stopped answering"}
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                await self._send(server, {"cancel": number})
            raise
        finally:
            self._waiting.pop(number, None)

    async def ensure_started(self) -> asyncio.subprocess.Process:
        """Return the running process, or start one. Raises `RunnerUnavailable` if that fails."""
        async with self._starting:
            # A dead process has closed its pipe some time before its exit status is known.
            is_listening = self._listener is not None and not self._listener.done()
            if self._server is not None and self._server.returncode is None and is_listening:
                return self._server
            await self.stop()
            marked = ("env", f"THESEUS_REPAIR={self._mark}", *self._environment)
            self._server = server = await asyncio.create_subprocess_exec(
                *self._confine([*marked, self._python, "-c", BOOT], self._root),
                cwd=self._root / self._folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=1 << 28,
                # A group of its own, so that `stop` can kill it with everything in it.
                start_new_session=True,
            )
            self._ready = asyncio.get_running_loop().create_future()
            self._listener = asyncio.create_task(self._listen(server), name="repair-test-server")
            settings = build_settings(self._root, self.scratch, self._moved_from, self._folder)
            await self._send(server, settings)
            try:
                async with asyncio.timeout(STARTING):
                    # A time-out must not cancel the future itself, which `_listen` still sets.
                    await asyncio.shield(self._ready)
            except TimeoutError:
                raise RunnerUnavailable(
                    f"The test server for {self._root} did not start: is pytest installed for "
                    f"{self._python}?"
                ) from None
            for request in self.preparations:
                await self._send(server, {"id": 0, **request})
            return server

    async def stop(self) -> None:
        """End the process and everything it started."""
        server, self._server = self._server, None
        if server is None:
            return
        family = list_descendants(server.pid)
        kill_marked(self._mark)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        await server.wait()
        await wait_until_gone(family)
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._ready is not None and self._ready.done():
            # Read, so that asyncio does not report it as never retrieved.
            self._ready.exception()

    async def _send(self, server: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
        if server.stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            server.stdin.write(json.dumps(message).encode() + b"\n")
            await server.stdin.drain()

    async def _listen(self, server: asyncio.subprocess.Process) -> None:
        assert server.stdout is not None  # noqa: S101 - it was opened as a pipe above
        try:
            while line := await server.stdout.readline():
                answer = json.loads(line)
                if "ready" in answer and self._ready is not None and not self._ready.done():
                    self._ready.set_result(None)
                future = self._waiting.get(answer.get("id", -1))
                if future is not None and not future.done():
                    future.set_result(answer)
        finally:
            if self._ready is not None and not self._ready.done():
                self._ready.set_exception(
                    RunnerUnavailable(
                        f"{self._python} cannot run pytest in {self._root}; install it"
                    )
                )
            for future in self._waiting.values():
                if not future.done():
                    future.set_result({"late": False, "output": "the test server died"})
