"""Containment: whatever ends a command, listener or loop is a failure of it, not of the process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any

from theseus_observe.failures.endings import EndedByCode
from theseus_observe.failures.safe_access import is_error


class Containment:
    """Replaces an exception that would end the process or the task by an `EndedByCode`.

    Use it in a `with` block. A cancellation by another task is not replaced, and neither is the
    `GeneratorExit` of a closed coroutine.
    """

    def __enter__(self) -> None:
        """Store the task that runs the block."""
        self._task = get_running_task()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Replace the exception if the code in the block raised it."""
        if error is not None and is_raised_by_code(error, self._task):
            # The traceback is copied, because the search for the failed code reads it from here.
            raise EndedByCode(error).with_traceback(traceback) from error


def is_raised_by_code(error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """Return whether the code of `task` itself raised this `BaseException`."""
    if is_error(error, Exception):
        return False
    if is_error(error, asyncio.CancelledError):
        return task is not None and task.cancelling() == 0
    # A coroutine can be closed by other code, such as the garbage collector. Then the running task
    # is not its own.
    return not is_error(error, GeneratorExit) or get_running_task() is task is not None


def contain(function: Callable[..., Awaitable[Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return the function, contained."""

    @wraps(function)
    async def run_contained(*args: Any, **kwargs: Any) -> Any:
        with Containment():
            return await function(*args, **kwargs)

    return run_contained


def get_running_task() -> asyncio.Task[Any] | None:
    """Return the task that runs now; `None` outside of any event loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
