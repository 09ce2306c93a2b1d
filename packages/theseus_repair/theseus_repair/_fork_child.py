"""Runs tests in a forked child and reports their results.

Sent as source text to the interpreter of the project under repair, so it may use only the standard
library and that project's own pytest. See `_fork_server` for the parent.
"""

import contextlib
import difflib
import importlib.machinery
import math
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

LIMIT = 400


class OutOfTime(BaseException):
    """Raised in a test that ran too long; not an `Exception`, so tested code cannot swallow it."""


class Tracer:
    """Records which lines under the root each test ran; only `wanted` lines, by path, if given.

    A function is traced until all of its wanted lines were seen, so that hot functions stay fast.
    """

    def __init__(self, root: str, wanted: dict[str, list[int]] | None = None) -> None:
        self.root = root
        self._wanted = wanted
        self._lines: dict[CodeType, tuple[str, frozenset[int]]] = {}
        self._left: dict[CodeType, set[int]] = {}

    def start(self) -> None:
        """Start recording the lines of a test."""
        self._left = {}
        threading.settrace(self._on_call)
        sys.settrace(self._on_call)

    def stop(self) -> dict[str, list[int]]:
        """Stop recording; return the lines by path relative to the root."""
        sys.settrace(None)
        threading.settrace(None)
        found: dict[str, set[int]] = {}
        for code, left in self._left.items():
            path, lines = self._lines[code]
            if lines - left:
                found.setdefault(path, set()).update(lines - left)
        return {path: sorted(numbers) for path, numbers in found.items()}

    def _get_lines(self, code: CodeType) -> frozenset[int]:
        if code not in self._lines:
            path = to_relative(code.co_filename, self.root)
            lines = {line for _, _, line in code.co_lines() if line} | {code.co_firstlineno}
            if self._wanted is not None:
                lines.intersection_update(self._wanted.get(path, ()))
            self._lines[code] = path, frozenset(lines if path else ())
        return self._lines[code][1]

    def _on_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        left = self._left.get(frame.f_code)
        if left is None:
            left = self._left.setdefault(frame.f_code, set(self._get_lines(frame.f_code)))
        if not left:  # most calls end here, before the line number is looked up, which is slower
            return None
        left.discard(frame.f_lineno)
        if not left:
            return None

        def on_line(frame: FrameType, event: str, arg: Any) -> Any:
            left.discard(frame.f_lineno)
            if not left:
                frame.f_trace_lines = False
            return on_line

        return on_line


def to_relative(filename: str, root: str) -> str:
    """Return the path below the root, or "" for the standard library and installed packages."""
    path = "" if filename.startswith("<") else os.path.realpath(filename)
    if not path.startswith(root + os.sep) or "site-packages" in path or "dist-packages" in path:
        return ""
    return path[len(root) + 1 :]


def shorten(value: object) -> str:
    """Return a text of limited length for any value, even if its `repr` raises."""
    with contextlib.suppress(Exception):
        return str(value)[:LIMIT]
    return "?"


def collect_frames(trace: TracebackType | None, root: str) -> tuple[list[dict[str, Any]], Any]:
    """Return the project's frames, outermost first, and the innermost real frame among them."""
    found: list[dict[str, Any]] = []
    inner: FrameType | None = None
    while trace is not None:
        code = trace.tb_frame.f_code
        path = to_relative(code.co_filename, root)
        if path:
            positions = list(code.co_positions())
            span = positions[trace.tb_lasti // 2] if trace.tb_lasti >= 0 else None
            is_complete = span is not None and None not in span
            found.append(
                {
                    "path": path,
                    "line": trace.tb_lineno,
                    "function": code.co_name,
                    "span": span if is_complete else None,
                }
            )
            inner = trace.tb_frame
        trace = trace.tb_next
    return found[-40:], inner


def iterate_named_values(frame: FrameType) -> Iterator[tuple[str, object]]:
    """Yield the locals of a frame, and the attributes of those that are plain objects."""
    for name, value in list(frame.f_locals.items()):
        yield name, value
        with contextlib.suppress(Exception):
            for key, inner in list(vars(value).items())[:60]:
                if key.isidentifier():
                    yield f"{name}.{key}", inner


def collect_hints(error: BaseException, frame: FrameType | None) -> dict[str, list[str]]:
    """Return hints from the failing frame: None, empty and zero names; similar names and keys."""
    hints: dict[str, list[str]] = {"none": [], "empty": [], "zero": [], "near": [], "keys": []}
    missing = error.args[0] if isinstance(error, KeyError) and error.args else None
    for name, value in iterate_named_values(frame) if frame is not None else ():
        if value is None:
            hints["none"].append(name)
        elif isinstance(value, (list, tuple, dict, set, str, bytes)) and not value:
            hints["empty"].append(name)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0:
            hints["zero"].append(name)
        if isinstance(missing, str) and isinstance(value, dict) and missing not in value:
            hints["keys"] += [key for key in list(value)[:60] if isinstance(key, str)]
    with contextlib.suppress(Exception):
        if isinstance(error, AttributeError) and error.name and error.obj is not None:
            names = [name for name in dir(error.obj) if not name.startswith("__")]
            hints["near"] += difflib.get_close_matches(error.name, names, 5, 0.4)
            hints["near"] += [name for name in names if name not in hints["near"]][:60]
    return {key: list(dict.fromkeys(value))[:80] for key, value in hints.items()}


class TestRecorder:
    """A pytest plugin that sends one record per test, as soon as the test has ended."""

    def __init__(
        self,
        request: dict[str, Any],
        root: str,
        emit: Callable[[Any], None],
        alarm: Any,
        lines: Any = None,
    ) -> None:
        self.request, self.root, self.emit, self.alarm = request, root, emit, alarm
        self.lines = lines or (Tracer(root) if request.get("coverage") else None)
        self.records: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logstart(self, nodeid: str, location: object) -> None:
        """Start the clock of this test."""
        self.records[nodeid] = {"test": nodeid, "outcome": "passed", "seconds": 0.0}
        if self.request.get("cpu_seconds"):
            limit_computing(self.request["cpu_seconds"])
            signal.setitimer(signal.ITIMER_PROF, self.request["cpu_seconds"])
        self.alarm.start(self.request["test_seconds"])
        if self.lines is not None:
            self.lines.start()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Store the worst outcome of set-up, call and tear-down."""
        record = self.records.setdefault(report.nodeid, {"test": report.nodeid, "seconds": 0.0})
        record["seconds"] += report.duration
        record.setdefault("outcome", "passed")
        if report.failed:
            record["outcome"] = "failed"
        elif report.skipped and record["outcome"] == "passed":
            record["outcome"] = "skipped"

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Describe the exception of a failed test or a file that cannot be collected."""
        error = call.excinfo.value
        if error.__cause__ is not None and type(error).__name__ in {"CollectError"}:
            error = error.__cause__
        collecting = not hasattr(report, "when") or report.when == "collect"
        record = self.records.setdefault(node.nodeid, {"test": node.nodeid, "seconds": 0.0})
        frames, inner = collect_frames(error.__traceback__, self.root)
        if isinstance(error, SyntaxError) and not frames and error.filename:
            at, line = to_relative(error.filename, self.root), error.lineno or 1
            frames = [{"path": at, "line": line, "function": "<module>", "span": None}]
        record.update(
            outcome="failed",
            error=type(error).__name__,
            bases=[kind.__name__ for kind in type(error).__mro__[:-2]],
            message=shorten(error),
            frames=frames,
            hints=collect_hints(error, inner),
        )
        if isinstance(error, OutOfTime) and self.request.get("stop_when_late"):
            node.session.shouldstop = "ran too long"
        if collecting:
            self.emit(self.records.pop(node.nodeid))

    def pytest_runtest_logfinish(self, nodeid: str, location: object) -> None:
        """Send this test's record."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.alarm.stop()
        record = self.records.pop(nodeid)
        if self.lines is not None:
            record["lines"] = self.lines.stop()
        self.emit(record)


def build_arguments(request: dict[str, Any], root: str) -> list[str]:
    """Return pytest's command line: the project's options without those that conflict with ours."""
    arguments = ["-q", "--tb=no", "--no-header", f"--rootdir={root}"]
    arguments += ["-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:randomly"]
    # One file with an import error, such as a missing package, must not stop the others.
    arguments.append("--continue-on-collection-errors")
    for module, option in (("xdist", "-n0"), ("pytest_cov", "--no-cov")):
        is_installed = importlib.machinery.PathFinder.find_spec(module) is not None
        # Without plugin autoloading, pytest would reject the option of a plugin.
        if is_installed and not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            arguments.append(option)
    if request.get("maxfail"):
        arguments.append(f"--maxfail={request['maxfail']}")
    return [*arguments, *request.get("options", ()), *resolve_tests(request["tests"], root)]


def resolve_tests(tests: "list[str]", root: str) -> Iterator[str]:
    """Yield the tests as absolute paths, valid in any folder; the value after `-k` is unchanged."""
    for before, test in zip(["", *tests], tests, strict=False):
        path, mark, rest = test.partition("::")
        is_path = before != "-k" and path[:1] != "-" and Path(root, path).exists()
        yield f"{Path(root, path)}{mark}{rest}" if is_path else test


def limit_memory(megabytes: int) -> None:
    """Limit the address space, so that a mutant that appends for ever gets a MemoryError."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def limit_computing(seconds: float) -> None:
    """End this process if it computes for longer, even inside code that ignores signals."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def prepare(request: dict[str, Any], alarm: Any) -> None:
    """Set the limits of a process that runs tests, and its alarm; see `_fork_alarm`."""
    from _pytest.assertion import rewrite

    def on_timeout(signum: int, frame: object) -> None:
        if signum == signal.SIGALRM and not alarm.has_expired():
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        raise OutOfTime("took too long" if signum == signal.SIGALRM else "ran too long")

    def skip_warning(self: object, name: str) -> None:
        """Do nothing: preloaded plugins are not rewritten on purpose, so pytest need not warn."""

    hook: Any = rewrite.AssertionRewritingHook
    hook._warn_already_imported = skip_warning
    signal.signal(signal.SIGPROF, on_timeout)
    signal.signal(signal.SIGALRM, on_timeout)
    limit_memory(int(request.get("megabytes", 4096)))


def run_child(
    request: dict[str, Any],
    root: str,
    emit: Callable[[Any], None],
    plugins: list[object],
    alarm: Any,
    lines: Any = None,
) -> int:
    """Run the tests of one request in this process; `emit` takes one record per test.

    `plugins` are registered in addition to ours; `lines` records the lines that a test ran. Return
    pytest's exit code.
    """
    import pytest

    prepare(request, alarm)
    registered = [TestRecorder(request, root, emit, alarm, lines), *plugins]
    return int(pytest.main(build_arguments(request, root), plugins=registered))
