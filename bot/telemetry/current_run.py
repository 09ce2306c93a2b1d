"""The current run, in a context variable, for ports that do not get it as an argument."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from structlog.contextvars import bound_contextvars

_RUN: ContextVar[str | None] = ContextVar("run", default=None)


def get_current_run() -> str | None:
    """Return the run whose stage this is part of, if it is part of one."""
    return _RUN.get()


@contextmanager
def set_current_run(run_id: str) -> Iterator[None]:
    """Set the current run inside the block; its lines in the log name it too."""
    token = _RUN.set(run_id)
    try:
        with bound_contextvars(run=run_id):
            yield
    finally:
        _RUN.reset(token)
