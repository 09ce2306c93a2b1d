"""A project of one module and its tests, run in this process: the engine without subprocesses.

A test is the source of a function's body; it sees the module's names. Lines are counted as they
run, which is the coverage, and a test that runs too many is over, so that no mutant can hang.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from theseus_repair.model import Crash, Texts, TraceFrame
from theseus_repair.runner import Lines, OpaqueRunner, RunResult, TestRecord, TimeLimits

PATH = "subject.py"
LINES_AT_MOST = 20_000


class OutOfTime(BaseException):
    """A test ran too many lines."""


@dataclass
class OneModule(OpaqueRunner):
    """Implements `PreloadingRunner`; `tests` are bodies by name."""

    text: str
    tests: Mapping[str, str]
    width: int = 1
    runs: int = 0

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
        """Run these tests on the module, or on its replacement in the overlay."""
        self.runs += 1
        records: list[TestRecord] = []
        for name in tests:
            records.append(_run_test(name, self.tests[name], overlay.get(PATH, self.text)))
            if stop_at_first and records[-1].outcome == "failed":
                break
        failed = any(record.outcome == "failed" for record in records)
        return RunResult(tuple(records), code=int(failed))


def _run_test(name: str, body: str, text: str) -> TestRecord:
    lines: set[int] = set()
    count = 0

    def count_line(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename != PATH:
            return None
        lines.add(frame.f_lineno)
        count += 1
        if count > LINES_AT_MOST:
            raise OutOfTime
        return count_line

    names: dict[str, Any] = {"__name__": "subject"}
    crash = None
    before = sys.gettrace()
    try:
        exec(compile(text, PATH, "exec"), names)  # noqa: S102 - a test's own small module
        sys.settrace(count_line)
        exec(compile(body, "test.py", "exec"), names)  # noqa: S102
    except (Exception, OutOfTime) as error:  # noqa: BLE001 - as pytest takes what a test raises
        sys.settrace(before)
        crash = _build_crash(error)
    finally:
        sys.settrace(before)
    return TestRecord(name, "failed" if crash else "passed", 0.01, crash, {PATH: frozenset(lines)})


def _build_crash(error: BaseException) -> Crash:
    frames: list[TraceFrame] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == PATH:
            frames.append(TraceFrame(PATH, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    bases = tuple(kind.__name__ for kind in type(error).__mro__[:-1])
    return Crash(type(error).__name__, str(error), tuple(frames), bases)
