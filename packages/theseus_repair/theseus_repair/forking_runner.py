"""The fast pytest runner: one preloaded server process, one forked child per run.

The server is the project's own Python interpreter with pytest imported (and, once `preload` was
called, the installed packages its tests need, and of the project what no candidate can change). All
other modules are imported only in the children, after the candidate's texts are laid over the tree.
"""

import asyncio
import shutil
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from theseus_repair._fork_alarm import GENEROUS
from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.fork_answers import (
    COLLECTED,
    describe_mode,
    find_late_tests,
    find_renamed_tests,
    merge_by_function,
    read_answer,
    read_calls,
    read_outcomes,
)
from theseus_repair.fork_process import STARTING, ForkProcess
from theseus_repair.fork_program import encode_coverage, request_of
from theseus_repair.model import Texts
from theseus_repair.passed_tests import PassedTests
from theseus_repair.runner import (
    Confine,
    FunctionPlace,
    Lines,
    RunResult,
    TestRecord,
    TimeLimits,
    skip_confinement,
)
from theseus_repair.shared_lock import SharedLock


class ForkingRunner:
    """Implements `TestRunner`. Use as an async context manager; leaving it leaves no process."""

    def __init__(
        self,
        root: Path,
        *,
        python: str = sys.executable,
        confine: Confine = skip_confinement,
        width: int = 2,
        options: Sequence[str] = (),
        environment: Sequence[str] = (),
        folder: str = "",
        moved_from: Path | None = None,
        megabytes: int = 4096,
        load: SharedLock | None = None,
    ) -> None:
        self._root, self._width = root.resolve(), width
        self._options, self._megabytes = tuple(options), megabytes
        self._mark = f"theseus-{uuid.uuid4().hex}"
        self._process = ForkProcess(
            self._root, python, confine, self._mark, environment, moved_from, folder
        )
        self._slots = asyncio.Semaphore(width)
        self._load = load or SharedLock()
        self._hanging: set[str] = set()  # tests that exceed their time alone as well
        self._renamed: set[str] = set()  # functions whose test ids differ in each run
        self._passed = PassedTests()
        self._preload: dict[str, Any] = {}
        self._collect: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()

    @property
    def width(self) -> int:
        """The number of runs that go on in parallel."""
        return self._width

    @property
    def mark(self) -> str:
        """The value of `THESEUS_REPAIR` in the environment of all its processes."""
        return self._mark

    async def __aenter__(self) -> Self:
        """Create the scratch folder; the server starts with the first run."""
        self._process.scratch = tempfile.mkdtemp(prefix="theseus-repair-")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Kill the server and everything it started."""
        await self._process.stop()
        shutil.rmtree(self._process.scratch, ignore_errors=True)

    async def preload(
        self,
        modules: Sequence[str],
        *,
        project: Sequence[tuple[str, str]] = (),
        changing: Collection[str] = (),
    ) -> None:
        """Let the server import these modules, so that children need not; see `TestRunner`."""
        if self._preload.get("project") and not project:
            await self._process.stop()  # a process cannot unload modules
        self._preload, self._collect, self._process.preparations = {}, {}, ()
        await self._process.ensure_started()
        self._preload = {
            "preload": list(modules),
            "project": list(project),
            "changing": list(changing),
        }
        self._process.preparations = (self._preload,)
        answer = await self._process.ask(self._preload, STARTING)
        if project and not answer.get("fit"):
            await self.preload(modules)

    async def collect(self, tests: Sequence[str], changing: Collection[str]) -> str:
        """Collect these tests once for candidates for the `changing` files; see `TestRunner`."""
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        request = {**self._request(list(files), {}, TimeLimits()), "maxfail": 0}
        self._collect = {"collect": True, "changing": list(changing), **request}
        self._process.preparations = (*filter(None, (self._preload,)), self._collect)
        answer = await self._process.ask(self._collect, STARTING)
        if obstacle := str(answer.get("obstacle", answer.get("output", "it ended"))):
            self._collect, self._process.preparations = {}, self._process.preparations[:-1]
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
        fresh: bool = False,
    ) -> RunResult:
        """Run tests; see `TestRunner`. `modules` requests the installed modules they imported.

        A run whose result may be due to a busy machine is repeated once, alone.
        """
        fresh = fresh or bool(coverage) or modules or not overlay
        if fresh and not (coverage or modules) and tests and self._passed.find(overlay) >= {*tests}:
            return RunResult(tuple(TestRecord(test, "passed") for test in tests))
        request = {
            **self._request(tests, overlay, limits),
            "coverage": encode_coverage(coverage),
            "maxfail": 1 if stop_at_first else 0,
            "stop_when_late": not coverage,
            "modules": modules,
        }
        answer = await self._ask(request, fresh=fresh)
        if "id" in answer and not answer["late"] and not find_late_tests(answer) - self._hanging:
            result = read_answer(answer)
            if describe_mode(answer) != COLLECTED:
                self._passed.add(overlay, result)
            return result
        async with self._load.hold_exclusive(), self._slots:
            request.pop("collected", None)
            result = read_answer(
                answer := await self._process.ask(request, limits.seconds * GENEROUS)
            )
        self._hanging |= find_late_tests(answer)
        return replace(result, tried=2)

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Return the calls that tests make of these functions; see `TestRunner`."""
        wanted = [(place.path, place.line, place.name) for place in places]
        request = {**self._request(tests, {}, limits), "places": wanted, "modules": False}
        return read_calls(await self._ask(request, fresh=False))

    async def replay_calls(
        self,
        calls: Sequence[RecordedCall],
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        fresh: bool = False,
    ) -> tuple[CallOutcome, ...]:
        """Replay calls with these texts in place; see `TestRunner`."""
        requests = [(call.path, call.name, call.data) for call in calls]
        request = {**self._request(tests, overlay, limits), "calls": requests, "modules": False}
        return read_outcomes(await self._ask(request, fresh=fresh), len(calls))

    def _request(self, tests: Sequence[str], overlay: Texts, limits: TimeLimits) -> dict[str, Any]:
        named = merge_by_function(tests, self._renamed)
        return request_of(named, overlay, limits, options=self._options, megabytes=self._megabytes)

    async def _ask(self, request: dict[str, Any], *, fresh: bool) -> dict[str, Any]:
        """Send a request in turn; no file of its overlay may be imported in the server.

        Uses the collected session, unless `fresh` is set.
        """
        other = set(request["overlay"]) - set(self._preload.get("changing", ()))
        if self._preload.get("project") and (other or request.get("coverage")):
            await self.preload(self._preload["preload"])
        if self._collect and not fresh:
            request["collected"] = True
        async with self._load.hold_shared(), self._slots:
            answer = await self._process.ask(request, request["seconds"] * GENEROUS)
            if renamed := find_renamed_tests(answer, self._root) - self._renamed:
                self._renamed |= renamed
                request["tests"] = merge_by_function(request["tests"], renamed)
                answer = await self._process.ask(request, request["seconds"] * GENEROUS)
        self.counts[describe_mode(answer)] += 1
        return answer
