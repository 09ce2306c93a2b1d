"""The engine's way to run tests: the `TestRunner` protocol and its records."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bot.repair.calls import CallOutcome, RecordedCall
from bot.repair.model import Crash, Texts

Lines = Mapping[str, frozenset[int]]
"""Lines by the paths of their files, relative to the root."""

Confine = Callable[[Sequence[str], Path], Sequence[str]]
"""Given a command and its folder, returns the command that runs it confined (or as it is)."""


def skip_confinement(argv: Sequence[str], folder: Path) -> Sequence[str]:
    """Run commands as they are."""
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
    """One run of some tests. `ended` is false when it was cut off; `output` is its tail.

    `modules` are the installed modules it imported, `project` those of the project (name, path
    below the root), where that was asked for. `tried` is how often it was run until believed.
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
        """Return the tests that passed."""
        return tuple(record.test for record in self.records if record.outcome == "passed")

    @property
    def failures(self) -> tuple[TestRecord, ...]:
        """Return the records of the tests that failed."""
        return tuple(record for record in self.records if record.outcome == "failed")

    @property
    def failed_late(self) -> bool:
        """Return true when a test ran out of time: those after it may not have been run."""
        return self.late or any(
            record.crash is not None and record.crash.error == "OutOfTime"
            for record in self.failures
        )

    @property
    def is_passing(self) -> bool:
        """Return true when it ran to its end, something passed and nothing failed."""
        return (
            self.is_finished
            and self.code in (0, None)
            and bool(self.passed_tests)
            and not self.failures
        )


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Time allowed: a test's wall and processor seconds, and the whole run's wall seconds.

    To be imported, a file of tests has `collect_seconds`, or as long as a test.
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
    """Runs tests of one tree, as it lies on disk or with some files' texts replaced."""

    @property
    def width(self) -> int:
        """Return how many runs may go on side by side."""
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
        """Run the tests (paths or node ids), the files in `overlay` standing in for those on disk.

        `coverage` asks for the lines each test ran (of some lines by path, for these alone: that
        is sooner done), `modules` for the modules that were imported,
        `anew` for a run from the start whatever was collected ahead.

        Late runs are killed with all they started and come back with `late` set. Cancelling kills
        the run at once. Nothing on disk below the root changes.
        """
        ...

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Run the tests as the tree lies on disk; return the calls they make of these functions.

        Beside them, calls like these with an argument a little different. None, where the runner
        cannot look into what it runs. Raises `TimeoutError` where the tests did not come to an end.
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
        """Import what these tests import, with `overlay` in place, and make the calls again.

        Return how each ended, in their order. A call may compute and nothing else: writing a file,
        a process, or a connection is refused. `anew`: import all of it from the start.
        """
        ...


class PreloadingRunner(TestRunner, Protocol):
    """A runner that can be told which modules every run will need."""

    async def preload(
        self,
        modules: Sequence[str],
        *,
        project: Sequence[tuple[str, str]] = (),
        changing: Collection[str] = (),
    ) -> None:
        """Import these installed modules once, ahead of all later runs; may do nothing.

        Of the project's modules too, as a run names them, where they need none of the `changing`
        files (paths below the root). A run whose texts stand in for another file has none of them
        imported before; so have all runs after a call without `project`.
        """
        ...

    async def collect(self, tests: Sequence[str], changing: Collection[str]) -> str:
        """Collect these tests (node ids) once, for all runs with texts for the `changing` files.

        Return nothing, or why it cannot be done: then all runs are from the start, as is each that
        could end otherwise than from the start.
        """
        ...


class OpaqueRunner:
    """The part of a `PreloadingRunner` that cannot look into what it runs.

    It sees no calls, and each run starts anew: nothing is imported or collected ahead.
    """

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Return none: what is called is not seen."""
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
        """Make no call: there is none that was recorded."""
        return tuple(CallOutcome("unknown") for _ in calls)

    async def preload(
        self,
        modules: Sequence[str],
        *,
        project: Sequence[tuple[str, str]] = (),
        changing: Collection[str] = (),
    ) -> None:
        """Do nothing: every run starts anew."""

    async def collect(self, tests: Sequence[str], changing: Collection[str]) -> str:
        """Collect nothing: every run starts anew."""
        return "every run starts anew"
