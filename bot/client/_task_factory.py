"""A task factory and an exception handler that report to the client to which a task belongs.

asyncio has one of each per loop, and several clients may share a loop. The client is set in a
context variable, which every task and timer inherits. A future that is not a task, such as that of
`run_in_executor`, has no context: each client of the loop checks whether its cogs' code failed.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from types import FrameType
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

from theseus_observe.failures.endings import EndedByCode
from theseus_observe.failures.safe_access import get_traceback, is_error

from bot.client._containment import is_raised_by_code

TaskOf = asyncio.Task[Any]


class TaskObserver(Protocol):
    """What wants to know of the tasks of one client."""

    def observe(self, task: TaskOf, creator: FrameType | None) -> None:
        """Take note of a new task; `creator` is the frame that made it."""
        ...

    def finish(self, task: TaskOf, error: BaseException | None) -> None:
        """Handle the end of a task's coroutine, before the awaiting code is resumed."""
        ...

    def report_unhandled(self, details: dict[str, Any]) -> None:
        """Record an exception that no code awaited, as the loop describes it."""
        ...

    def report_failed_press(self, error: BaseException) -> bool:
        """Record what ended the answer to a press or form; `False` if it was something else."""
        ...


OBSERVER: ContextVar[TaskObserver | None] = ContextVar("theseus_task_observer", default=None)
_observers: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakSet[TaskObserver]] = (
    WeakKeyDictionary()
)


class ContainedCoroutine(Coroutine[Any, Any, Any]):
    """A task's coroutine. What would end the process ends the task alone."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], observer: TaskObserver) -> None:
        self._coroutine = coroutine
        self.observer = observer

    def send(self, value: Any) -> Any:
        """Run the coroutine until it waits."""
        return self._run_step(self._coroutine.send, value)

    def throw(self, *exception: Any) -> Any:
        """Run the coroutine, with an exception raised where it waits."""
        return self._run_step(self._coroutine.throw, *exception)

    def close(self) -> None:
        """Close the coroutine."""
        self._coroutine.close()

    def __await__(self) -> Any:
        """Wait for the coroutine itself."""
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        """Return what asyncio shows of a coroutine: its name, its frame."""
        return getattr(self._coroutine, name)

    def _run_step(self, step: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return step(*arguments)
        except StopIteration:
            self._finish(None)
            raise
        except BaseException as error:
            failure = self._resolve_failure(error)
            self._finish(failure)
            if failure is None:
                raise StopIteration from None  # the failure was reported and answered already
            if failure is error:
                raise
            raise failure from error

    def _resolve_failure(self, error: BaseException) -> BaseException | None:
        """Return what the task fails with; `None` if that is reported and answered already."""
        if not is_raised_by_code(error, asyncio.current_task()):
            return error
        ended = EndedByCode(error).with_traceback(get_traceback(error))
        if self.observer.report_failed_press(ended):
            return None
        # It may have waited for another task, which was cancelled.
        return error if is_error(error, asyncio.CancelledError) else ended

    def _finish(self, error: BaseException | None) -> None:
        task = asyncio.current_task()
        if task is not None:
            self.observer.finish(task, error)


def install(loop: asyncio.AbstractEventLoop, observer: TaskObserver) -> None:
    """Report tasks and exceptions of the loop to `observer`; calling it again has no effect."""
    _observers.setdefault(loop, WeakSet()).add(observer)
    # A loop has one factory, which several clients share; see the module's docstring.
    if loop.get_task_factory() is not _make_task:
        loop.set_task_factory(_make_task)
        loop.set_exception_handler(_handle)


def _make_task(
    loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
) -> asyncio.Future[Any]:
    context: Context | None = options.get("context")
    observer = context.get(OBSERVER) if context is not None else OBSERVER.get()
    if observer is None or not isinstance(coroutine, Coroutine):
        return asyncio.Task(coroutine, loop=loop, **options)
    # Wrapped, because asyncio ends the whole loop if a task raises `SystemExit`.
    task = asyncio.Task(ContainedCoroutine(coroutine, observer), loop=loop, **options)
    observer.observe(task, _find_creator())
    return task


def _find_creator() -> FrameType | None:
    """Return the frame that called asyncio to make a task."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_MACHINERY):
        frame = frame.f_back
    return frame


_MACHINERY = ("asyncio.", __name__)


def _handle(loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
    """Log an exception as asyncio would, and report it to the client that it belongs to."""
    loop.default_exception_handler(details)
    future = details.get("task") or details.get("future")
    if _is_plain(future):
        _report_plain(loop, details)
        return
    observer = _find_observer(details.get("handle"), future)
    if observer is not None:
        observer.report_unhandled(details)


def _is_plain(future: object) -> bool:
    """Return whether a future is neither a task nor made of some."""
    is_future = isinstance(future, asyncio.Future)
    return is_future and not (isinstance(future, asyncio.Task) or hasattr(future, "_children"))


def _report_plain(loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
    """Report a future that no client can be read from to each client of the loop.

    asyncio reports it while it is collected, which may be in the thread that set its exception.
    """
    error = {"exception": details.get("exception")}
    for observer in tuple(_observers.get(loop, ())):
        if not loop.is_closed():
            loop.call_soon_threadsafe(observer.report_unhandled, error)


def _find_observer(handle: object, future: object) -> TaskObserver | None:
    if isinstance(handle, asyncio.Handle):
        context: Context = handle._context  # type: ignore[attr-defined]  # public from 3.12 on
        return context.get(OBSERVER)
    for each in (future, *getattr(future, "_children", ())):
        if isinstance(each, asyncio.Task):
            coroutine = each.get_coro()
            if isinstance(coroutine, ContainedCoroutine):
                return coroutine.observer
    return None
