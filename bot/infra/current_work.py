"""What a run waits for at this moment, so that its card can say so during long steps.

Checks, replays and requests to models are called through several layers and by several callers. So
what they do is noted through a context variable, like the fields of log lines; tasks inherit it.
Without a log, for example in a command of the command line, nothing is noted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class WorkLog(Protocol):
    """Receives what is being done, for one run."""

    def begin(self, text: str) -> int:
        """Note that this begins; return its number."""
        ...

    def end(self, number: int) -> None:
        """Note that it has ended."""
        ...


_log: ContextVar[WorkLog | None] = ContextVar("work_log", default=None)


@contextmanager
def open_work_log(log: WorkLog) -> Iterator[None]:
    """Note in `log` what is done in this block, and in tasks that begin in it."""
    token = _log.set(log)
    try:
        yield
    finally:
        _log.reset(token)


@contextmanager
def name_work(text: str) -> Iterator[None]:
    """Say what this block does, in a few words for people: `runs the linter`."""
    log = _log.get()
    if log is None:
        yield
        return
    number = log.begin(text)
    try:
        yield
    finally:
        log.end(number)
