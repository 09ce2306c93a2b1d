"""The engine's interface for running tests: the `TestRunner` protocol and its records."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.model import Crash, Texts

Lines = Mapping[str, frozenset[int]]
"""Lines by the paths of their files, relative to the root."""

Confine = Callable[[Sequence[str], Path], Sequence[str]]
"""Returns the command that runs a command in its folder in a sandbox (or unchanged)."""


def skip_confinement(argv: Sequence[str], folder: Path) -> Sequence[str]:
    """Return the command unchanged: run it without a sandbox."""
    return argv


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test's result. `outcome`: passed, failed or skipped; `crash` is set when it failed."""

    test: str
    outcome: str
    seconds: float = 0.0
    crash: Crash | None = None
    lines: Lines = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run of some tests. `is_finished` is false if it was cut off; `output` is its tail.

    `modules` are the installed modules it imported, `project` those of the project (name, path
    below the root), if requested. `tried` is how often it was run until the result was reliable.
    """

    records: tuple[TestRecord, ...] = ()
    is_finished: bool = True
    late: bool = False
    code: int | None = 0
    output: str = ""
    modules: tuple[str, ...] = ()
    project: tuple[tuple[str, str], ...] = ()
    tried: int = 1

    @property
    def passed_tests(self) -> tuple[str, ...]:
        """The tests that passed."""
        return tuple(record.test for record in self.records if record.outcome == "passed")

    @property
    def failures(self) -> tuple[TestRecord, ...]:
        """The records of the tests that failed."""
        return tuple(record for record in self.records if record.outcome == "failed")

    @property
    def failed_late(self) -> bool:
        """True if a test ran out of time: later tests may not have been run."""
        return self.late or any(
            record.crash is not None and record.crash.error == "OutOfTime"
            for record in self.failures
        )

    @property
    def is_passing(self) -> bool:
        """True if the run was complete, something passed and nothing failed."""
        return (
            self.is_finished
            and self.code in (0, None)
            and bool(self.passed_tests)
            and not self.failures
        )


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Limits of one test (wall and processor seconds), and of the complete run (wall seconds).

    The import of a test file may take `collect_seconds`, or as long as a test.
    """

    test_seconds: float = 20.0
    cpu_seconds: float = 10.0
    seconds: float = 60.0
    collect_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """A function of the project: path below the root, first line (of its decorators), name.

    The name is dotted inside a class.
    """

    path: str
    line: int
    name: str


class TestRunner(Protocol):
    """Runs tests of one tree, as on disk or with some files' texts replaced."""

    @property
    def width(self) -> int:
        """The number of runs that may go on in parallel."""
        ...

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
        """Run the tests (paths or node ids), with the texts in `overlay` instead of those on disk.

        `coverage` requests the lines each test ran (faster if limited to some lines by path),
        `modules` the modules that were imported, and `fresh` a run from the start, without the
        collected session. Where all tests passed in such a run before, it is not repeated.

        Late runs are killed with all their processes and returned with `late` set. Cancelling kills
        the run at once. Nothing on disk below the root changes.
        """
        ...

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Run the tests on the unchanged tree; return their calls of these functions.

        Also return similar calls, with one argument slightly changed. Return none if the runner
        cannot observe calls. Raises `TimeoutError` if the tests did not end in time.
        """
        ...

    async def replay_calls(
        self,
        calls: Sequence[RecordedCall],
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        fresh: bool = False,
    ) -> tuple[CallOutcome, ...]:
        """Import what these tests import, with `overlay` in place, and replay the calls.

        Return how each ended, in order. A call may only compute: writing a file, starting a process
        and opening a connection are refused. `fresh`: import everything from the start.
        """
        ...


class PreloadingRunner(TestRunner, Protocol):
    """A runner that can be told in advance which modules every run needs."""

    async def preload(
        self,
        modules: Sequence[str],
        *,
        project: Sequence[tuple[str, str]] = (),
        changing: Collection[str] = (),
    ) -> None:
        """Import these installed modules once, before all later runs; may do nothing.

        Also import the project's modules that need none of the `changing` files (paths below the
        root). A run with a text for another file starts without any of the project's modules; so do
        all runs after a call without `project`.
        """
        ...

    async def collect(self, tests: Sequence[str], changing: Collection[str]) -> str:
        """Collect these tests (node ids) once, for all runs with texts for the `changing` files.

        Return an empty string, or the reason why that is impossible. Then all runs are from the
        start; so is each run that could otherwise end differently.
        """
        ...


class OpaqueRunner:
    """The part of a `PreloadingRunner` for a runner that cannot observe its tests.

    It sees no calls, and each run is from the start: nothing is imported or collected in advance.
    """

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Return no calls: they cannot be observed."""
        return ()

    async def replay_calls(
        self,
        calls: Sequence[RecordedCall],
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        fresh: bool = False,
    ) -> tuple[CallOutcome, ...]:
        """Return no outcomes: no call was recorded."""
        return tuple(CallOutcome("unknown") for _ in calls)

    async def preload(
        self,
        modules: Sequence[str],
        *,
        project: Sequence[tuple[str, str]] = (),
        changing: Collection[str] = (),
    ) -> None:
        """Do nothing: every run is from the start."""

    async def collect(self, tests: Sequence[str], changing: Collection[str]) -> str:
        """Collect nothing: every run is from the start."""
        return "every run starts anew"
