"""Which run is being worked on here, for ports that are not told: a context, not a global."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_RUN: ContextVar[str | None] = ContextVar("run", default=None)


def get_current_run() -> str | None:
    """Return the run whose stage this is part of, if it is part of one."""
    return _RUN.get()


@contextmanager
def set_current_run(run_id: str) -> Iterator[None]:
    """Have what is done inside known as done for that run."""
    token = _RUN.set(run_id)
    try:
        yield
    finally:
        _RUN.reset(token)
