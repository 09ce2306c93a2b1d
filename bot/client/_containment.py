"""Containment: whatever ends a command, listener or loop is a failure of it, not of the process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any

from bot.telemetry.endings import EndedByCode
from bot.telemetry.safe_access import is_error


class Containment:
    """Turn what would end the process or the task into an `EndedByCode`, in a `with` block.

    A cancellation that another task asked for passes, and so does the end of a closed coroutine.
    """

    def __enter__(self) -> None:
        """Remember the task that runs the block."""
        self._task = get_running_task()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Replace the exception, if the block's own code ended it."""
        if error is not None and is_raised_by_code(error, self._task):
            # With the traceback, whoever looks for the code that failed finds it here as well.
            raise EndedByCode(error).with_traceback(traceback) from error


def is_raised_by_code(error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """Tell whether the code of `task` raised this by itself, though it is no `Exception`."""
    if is_error(error, Exception):
        return False
    if is_error(error, asyncio.CancelledError):
        return task is not None and task.cancelling() == 0
    # A coroutine that is closed, by the garbage collector for example, is not run by its task.
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
