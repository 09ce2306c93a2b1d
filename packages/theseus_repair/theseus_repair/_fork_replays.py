"""Replays calls with a candidate's texts in place, to see how they end.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only. A call may only compute: any other action is refused, and the outcome of the call is
then unknown.
"""

import contextlib
import hashlib
import inspect
import itertools
import opcode
import os
import random
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

# Per call. The wall-clock limit is generous, so that a busy machine does not make a call "endless".
SECONDS, CPU_SECONDS = 6.0, 0.5
HUNG_AT_MOST = 3  # hung calls, after which no more calls are made
ITEMS = 1000  # items taken from a generator, which may be endless
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
# Audit events of code that only computes, reads its own source and imports. Others are refused.
HARMLESS = {
    "import", "compile", "exec", "marshal.loads", "marshal.load", "marshal.dumps", "builtins.id",
    "object.__getattr__", "object.__setattr__", "object.__delattr__", "code.__new__",
    "function.__new__", "sys._getframe", "sys._current_frames", "pickle.find_class", "os.listdir",
    "os.scandir", "sys.excepthook", "sys.unraisablehook", "array.__new__",
    "sys.set_asyncgen_hook_firstiter", "sys.set_asyncgen_hook_finalizer",
}  # fmt: skip


class CallRefused(BaseException):
    """Raised if a call does more than compute; not an `Exception`, so that no code catches it."""


class CallHung(BaseException):
    """Raised in a call that takes too long."""


class ReplayPlugin:
    """A pytest plugin that replays calls once the tests' modules are imported.

    `calls` are the functions of `_fork_calls` and `_fork_coroutines`.
    """

    def __init__(
        self,
        request: dict[str, Any],
        root: str,
        emit: Callable[[Any], None],
        calls: dict[str, Any],
    ) -> None:
        self._wanted, self._root, self._emit, self._calls = request["calls"], root, emit, calls

    def pytest_collection_finish(self, session: Any) -> None:
        """Replay the calls, report how each ended, and prevent all tests from running."""
        session.items.clear()
        places = {(path, name) for path, name, _ in self._wanted}
        functions = {place: self._calls["find_function"](self._root, *place) for place in places}
        guard = CallGuard(self._calls, self._root)
        for number, (path, name, data) in enumerate(self._wanted):
            function = functions[path, name]
            if guard.hung >= HUNG_AT_MOST:
                return
            if function is None:
                missing = {"how": "raise", "told": "is gone", "mark": "gone"}
                self._emit({"replayed": number, **missing})
                continue
            with contextlib.suppress(Exception):  # arguments of a class that the candidate removed
                args, kwargs = self._calls["unpack_arguments"](data)
                self._emit({"replayed": number, **guard.call(function, args, kwargs)})


class CallGuard:
    """Makes calls that may only compute."""

    def __init__(self, calls: dict[str, Any], root: str) -> None:
        self.hung, self._root = 0, root
        self._short, self._source = calls["shorten"], calls["format_literal"]
        self._awaited = calls["run_awaitable"]
        self._stuck: type[BaseException] = calls["WaitsForEver"]
        self._on, self._tripped = False, False
        sys.dont_write_bytecode = True
        sys.addaudithook(self._on_audit)
        signal.signal(signal.SIGPROF, self._on_timeout)
        signal.signal(signal.SIGALRM, self._on_timeout)

    def _on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on or event in HARMLESS or (event == "open" and _is_read_only(arguments)):
            return
        self._tripped = True
        raise CallRefused(event)

    def _on_timeout(self, signum: int, frame: object) -> None:
        raise CallHung

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the call's outcome (`answer`, `raise`, `late`, `unknown`), text and digest."""
        random.seed(0)
        self._tripped = False
        how, text, mark, source, refused = "unknown", "", "", "", False
        try:
            self._begin()
            how, text, mark, source = self._run_call(function, args, kwargs)
        except CallHung:
            self.hung += 1
            how, text, mark = "late", "takes too long", "late"
        except self._stuck:
            how, text, mark = "late", "waits for ever", "late"
        except CallRefused:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever the project's code raises
            name = type(error).__name__
            how, text, mark = "raise", f"raises {name}", name
            refused = is_refusal(error, self._root)
        finally:
            self._end()
        if self._tripped:
            how = "unknown"
        end = {"how": how, "told": text, "mark": mark, "source": source}
        return {**end, "refused": refused}

    def _begin(self) -> None:
        signal.setitimer(
            signal.ITIMER_PROF, CPU_SECONDS, CPU_SECONDS
        )  # repeats, in case the code catches the first signal's exception
        signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)
        self._on = True

    def _end(self) -> None:
        self._on = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _run_call(
        self, function: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> tuple[str, str, str, str]:
        answer = function(*args, **kwargs)
        if inspect.iscoroutine(answer) or inspect.isasyncgen(answer):
            answer = self._awaited(answer, ITEMS)
        elif inspect.isawaitable(answer):
            return "unknown", "", "", ""
        if inspect.iscoroutine(answer):
            answer.close()  # an `await` is missing in the project: the coroutine has not started
        if inspect.isgenerator(answer):
            answer = list(itertools.islice(answer, ITEMS))
        mark = f"{compute_digest(answer)} {compute_digest((args, kwargs))}"
        return "answer", self._short(answer), mark, self._source(answer)


def is_refusal(error: BaseException, root: str) -> bool:
    """Return whether a `raise` or an `assert` of the project raised it, and thus on purpose."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    code = trace.tb_frame.f_code
    in_project = os.path.realpath(code.co_filename).startswith(root + os.sep)
    raised = opcode.opname[code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"
    return in_project and raised and "site-packages" not in code.co_filename


def _is_read_only(arguments: tuple[Any, ...]) -> bool:
    """Return whether a file is opened only for reading."""
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return not set(mode) & set("wax+")
    return isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)


def compute_digest(value: Any) -> str:
    """Return a digest that is equal for equal values."""
    return hashlib.sha256(describe_value(value).encode(errors="replace")).hexdigest()


def describe_value(value: Any, depth: int = 6) -> str:
    """Return a text that is equal for equal values, whatever their addresses and order."""
    if depth == 0 or value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return ADDRESS.sub("", repr(value))
    kind = type(value).__name__
    if isinstance(value, dict):
        rows = [
            f"{describe_value(k, depth - 1)}:{describe_value(v, depth - 1)}"
            for k, v in value.items()
        ]
        return f"{kind}{{{','.join(rows)}}}"
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = [describe_value(each, depth - 1) for each in value]
        if isinstance(value, (set, frozenset)):
            parts.sort()
        return f"{kind}({','.join(parts)})"
    text = ADDRESS.sub("", repr(value))
    state = getattr(value, "__dict__", {})
    return f"{text}{describe_value(dict(state), depth - 1)}" if state else text
