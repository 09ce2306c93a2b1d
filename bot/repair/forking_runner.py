"""The fast pytest runner: one preloaded server process, one forked child per run.

The server is the project's own Python interpreter with pytest imported (and, once `preload` was
called, the installed packages its tests need, and of the project what no candidate can change). All
other modules are imported only in the children, after the candidate's texts are laid over the tree.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.domain.errors import VerifierError
from bot.infra.shared_lock import SharedLock
from bot.repair.calls import CallOutcome, RecordedCall
from bot.repair.fork_answers import late_tests, read_answer, read_calls, read_outcomes, way_of
from bot.repair.fork_program import BOOT, covering, request_of, settings
from bot.repair.model import Texts
from bot.repair.process_cleanup import descendants, gone, kill_marked
from bot.repair.runner import (
    Confine,
    FunctionPlace,
    Lines,
    RunResult,
    TimeLimits,
    unconfined,
)

STARTING = 30.0
SLACK = 10.0


class ForkingRunner:
    """Implements `TestRunner`. Use as an async context manager; leaving it leaves no process."""

    def __init__(
        self,
        root: Path,
        *,
        python: str = sys.executable,
        confine: Confine = unconfined,
        width: int = 2,
        options: Sequence[str] = (),
        environment: Sequence[str] = (),
        moved_from: Path | None = None,
        megabytes: int = 4096,
        load: SharedLock | None = None,
    ) -> None:
        self._root, self._python, self._confine = root.resolve(), python, confine
        self._width, self._options, self._megabytes = width, tuple(options), megabytes
        self._moved_from = moved_from
        self._mark = f"theseus-{uuid.uuid4().hex}"
        self._environment = (f"THESEUS_REPAIR={self._mark}", *environment)
        self._server: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ready: asyncio.Future[None] | None = None
        self._starting = asyncio.Lock()
        self._slots = asyncio.Semaphore(width)
        self._load = load or SharedLock()
        self._hanging: set[str] = set()  # tests that took too long alone as well
        self._preload: dict[str, Any] = {}
        self._collect: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()
        self._scratch = ""
        self._number = 0

    @property
    def width(self) -> int:
        """Return how many runs go on side by side."""
        return self._width

    @property
    def mark(self) -> str:
        """Return the word all its processes carry in their environment, as `THESEUS_REPAIR`."""
        return self._mark

    async def __aenter__(self) -> Self:
        """Make the scratch folder; the server starts with the first run."""
        self._scratch = tempfile.mkdtemp(prefix="theseus-repair-")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Kill the server and everything it started."""
        await self._stop()
        shutil.rmtree(self._scratch, ignore_errors=True)

    async def preload(
        self,
        modules: Sequence[str],
        *,
        project: Sequence[tuple[str, str]] = (),
        changing: Collection[str] = (),
    ) -> None:
        """Have the server import these modules, so that children need not; see `TestRunner`."""
        if self._preload.get("project") and not project:
            await self._stop()  # what is imported stays so
        self._preload, self._collect = {}, {}
        await self._started()
        self._preload = {
            "preload": list(modules),
            "project": list(project),
            "changing": list(changing),
        }
        answer = await self._ask(self._preload, STARTING)
        if project and not answer.get("fit"):
            await self.preload(modules)

    async def collect(self, tests: Sequence[str], changing: Collection[str]) -> str:
        """Collect these tests once for candidates for the `changing` files; see `TestRunner`."""
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        request = {**self._request(list(files), {}, TimeLimits()), "maxfail": 0}
        self._collect = {"collect": True, "changing": list(changing), **request}
        answer = await self._ask(self._collect, STARTING)
        if obstacle := str(answer.get("obstacle", answer.get("output", "it ended"))):
            self._collect = {}
        return obstacle

    async def run(
        self,
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        coverage: bool | Lines = False,
        stop_at_first: bool = False,
        modules: bool = False,
        anew: bool = False,
    ) -> RunResult:
        """Run tests; see `TestRunner`. `modules` asks for the installed modules they imported.

        What may have ended as it did because the machine was busy is run once more, alone.
        """
        request = {
            **self._request(tests, overlay, limits),
            "coverage": covering(coverage),
            "maxfail": 1 if stop_at_first else 0,
            "stop_when_late": not coverage,
            "modules": modules,
        }
        anew = anew or bool(coverage) or modules or not overlay
        answer = await self._asked(request, anew=anew)
        if "id" in answer and not answer["late"] and not late_tests(answer) - self._hanging:
            return read_answer(answer)
        async with self._load.alone(), self._slots:
            request.pop("collected", None)
            result = read_answer(answer := await self._ask(request, limits.seconds))
        self._hanging |= late_tests(answer)
        return replace(result, tried=2)

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Return the calls that tests make of these functions; see `TestRunner`."""
        wanted = [(place.path, place.line, place.name) for place in places]
        request = {**self._request(tests, {}, limits), "places": wanted, "modules": False}
        return read_calls(await self._asked(request, anew=False))

    async def replay_calls(
        self,
        calls: Sequence[RecordedCall],
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        anew: bool = False,
    ) -> tuple[CallOutcome, ...]:
        """Make calls again with these texts in place; see `TestRunner`."""
        again = [(call.path, call.name, call.data) for call in calls]
        request = {**self._request(tests, overlay, limits), "calls": again, "modules": False}
        return read_outcomes(await self._asked(request, anew=anew), len(calls))

    def _request(self, tests: Sequence[str], overlay: Texts, limits: TimeLimits) -> dict[str, Any]:
        return request_of(tests, overlay, limits, options=self._options, megabytes=self._megabytes)

    async def _asked(self, request: dict[str, Any], *, anew: bool) -> dict[str, Any]:
        """Ask in turn, with nothing imported ahead that this request's texts stand in for.

        What is collected is used, unless all is to be done `anew`.
        """
        other = set(request["overlay"]) - set(self._preload.get("changing", ()))
        if self._preload.get("project") and (other or request.get("coverage")):
            await self.preload(self._preload["preload"])
        if self._collect and not anew:
            request["collected"] = True
        async with self._load.shared(), self._slots:
            answer = await self._ask(request, request["seconds"])
        self.counts[way_of(answer)] += 1
        return answer

    async def _ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        self._number += 1
        number, server = self._number, await self._started()
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._send(server, {"id": number, **request})
            async with asyncio.timeout(seconds + SLACK):
                answer: dict[str, Any] = await future
                return answer
        except TimeoutError:
            await self._stop()
            return {"late": True, "output": "the test server stopped answering"}
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                await self._send(server, {"cancel": number})
            raise
        finally:
            self._waiting.pop(number, None)

    async def _send(self, server: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
        if server.stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            server.stdin.write(json.dumps(message).encode() + b"\n")
            await server.stdin.drain()

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            # One that died has closed its pipe some time before its exit status is known.
            heard = self._listener is not None and not self._listener.done()
            if self._server is not None and self._server.returncode is None and heard:
                return self._server
            await self._stop()
            argv = ["env", *self._environment, self._python, "-c", BOOT]
            self._server = server = await asyncio.create_subprocess_exec(
                *self._confine(argv, self._root),
                cwd=self._root,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=1 << 28,
                start_new_session=True,
            )
            self._ready = asyncio.get_running_loop().create_future()
            self._listener = asyncio.create_task(self._listen(server), name="repair-test-server")
            await self._send(server, settings(self._root, self._scratch, self._moved_from))
            try:
                async with asyncio.timeout(STARTING):
                    await asyncio.shield(self._ready)
            except TimeoutError:
                raise VerifierError(
                    f"The test server for {self._root} did not start: is pytest installed for "
                    f"{self._python}?"
                ) from None
            for ahead in filter(None, (self._preload, self._collect)):
                await self._send(server, {"id": 0, **ahead})
            return server

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
                    VerifierError(f"{self._python} cannot run pytest in {self._root}; install it")
                )
            for future in self._waiting.values():
                if not future.done():
                    future.set_result({"late": False, "output": "the test server died"})

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        family = descendants(server.pid)
        kill_marked(self._mark)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        await server.wait()
        await gone(family)
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._ready is not None and self._ready.done():
            self._ready.exception()
