"""Coroutines that a cog forgot to await, with the code that made them.

Python says so in a warning, at the moment when the coroutine is thrown away: mostly on the very
line. Tasks inherit the context they are made in, so what belongs to one event is found by it.
"""

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from bot.client._exchanges import LOOP_FOLDER

MOST = 5
_WARNING = re.compile(r"coroutine '([^']+)' was never awaited")
_FILTER = r"coroutine '.*' was never awaited"
_FOUND: ContextVar["list[UnawaitedCall] | None"] = ContextVar("theseus_unawaited", default=None)


class UnawaitedCall(NamedTuple):
    """A coroutine by its name, and the stack that threw it away."""

    coroutine: str
    stack: TracebackType | None


@contextmanager
def collect_unawaited() -> Iterator[None]:
    """Collect the calls of tasks that are made inside, for as long as these live."""
    token = _FOUND.set([])
    try:
        yield
    finally:
        _FOUND.reset(token)


def find_unawaited() -> list[UnawaitedCall]:
    """Return the calls without an `await` in the event that the current task belongs to."""
    return list(_FOUND.get() or ())


class UnawaitedWarnings:
    """Takes Python's warnings of such calls while it is attached; all are shown as before."""

    def __init__(self) -> None:
        self._show: Callable[..., Any] | None = None

    def attach(self) -> None:
        """Begin; again is harmless. A warning is wanted each time, not once for its line."""
        if self._show is None:
            self._show = warnings.showwarning
            warnings.filterwarnings("always", _FILTER, RuntimeWarning)
            warnings.showwarning = self._take

    def detach(self) -> None:
        """End; again is harmless."""
        if self._show is not None and warnings.showwarning == self._take:
            warnings.showwarning = self._show
        self._show = None

    def _take(self, message: Warning | str, *about: Any, **more: Any) -> None:
        found = _FOUND.get()
        warned = _WARNING.search(str(message))
        if found is not None and warned is not None and len(found) < MOST:
            found.append(UnawaitedCall(warned[1], _read_stack(sys._getframe(1))))
        if self._show is not None:
            self._show(message, *about, **more)


def _read_stack(frame: FrameType | None) -> TracebackType | None:
    """Return the stack of the present task as a traceback, without that of the warning itself."""
    while frame is not None and frame.f_code.co_filename == warnings.__file__:
        frame = frame.f_back
    found: TracebackType | None = None
    while frame is not None and not frame.f_code.co_filename.startswith(LOOP_FOLDER):
        found = TracebackType(found, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    return found
