"""Background tasks of cogs: their failures are recorded, and a reload ends them."""

import asyncio
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, TypeGuard

import structlog
from theseus_observe.failures.safe_access import get_traceback, is_error
from theseus_observe.interaction_inputs import find_interaction
from theseus_observe.project_code import ProjectCode

from bot.client._component_errors import PRESSES, ComponentFailures
from bot.client._instrumentation import Instruments
from bot.client._task_factory import OBSERVER, TaskOf, install

UNHANDLED_SECONDS = 10.0  # after that, no code is expected to read the exception of a failed task
_CANCEL_SECONDS = 2.0
_log = structlog.stdlib.get_logger(__name__)


Failures = list[tuple[asyncio.Future[Any], BaseException]]


class TasksSurvived(RuntimeError):
    """Background tasks of a reloaded cog ignore their cancellation and run on with old code."""


@dataclass(frozen=True)
class TaskOrigin:
    """Where a task was made: in which modules, innermost first, and on which line."""

    modules: tuple[str, ...]
    function: str
    place: str


class BackgroundTasks:
    """Implements `TaskObserver` for one client, and knows which cog created a task.

    A task belongs to a cog if the cog's own code created it. Tasks that discord.py or the core
    create on behalf of a cog do not belong to the cog.
    """

    def __init__(
        self,
        code: ProjectCode,
        instruments: Instruments,
        components: ComponentFailures,
        *,
        unhandled_seconds: float = UNHANDLED_SECONDS,
    ) -> None:
        self._code = code
        self._instruments = instruments
        self._components = components
        self._unhandled_seconds = unhandled_seconds
        # Weak, because asyncio reports a failure that no code has read when the task is collected.
        self._origins: weakref.WeakKeyDictionary[TaskOf, TaskOrigin] = weakref.WeakKeyDictionary()
        self._recorded: weakref.WeakSet[asyncio.Future[Any]] = weakref.WeakSet()

    def attach(self) -> None:
        """Observe every task that is made from now on in the present context."""
        install(asyncio.get_running_loop(), self)
        OBSERVER.set(self)

    # What the task factory calls

    def observe(self, task: TaskOf, creator: FrameType | None) -> None:
        """Remember who made a task, if a cog did. Implements `TaskObserver`."""
        modules = tuple(
            dict.fromkeys(each.f_globals["__name__"] for each in self._code.walk_callers(creator))
        )
        if creator is not None and modules:
            function = creator.f_code.co_qualname.replace("<locals>.", "")
            place = f"{function} ({modules[0]}:{creator.f_lineno})"
            self._origins[task] = TaskOrigin(modules, function, place)

    def finish(self, task: TaskOf, error: BaseException | None) -> None:
        """Check for a failure that no code will handle. Implements `TaskObserver`."""
        if task not in self._origins:
            return
        for gathered in filter(None, map(_find_gather, task._callbacks or ())):
            self._check_gathered(gathered, task, error)
        if _is_failure(error):
            # If it is collected before, the loop's exception handler reports it.
            check = partial(self._check_unhandled, weakref.ref(task))
            task.get_loop().call_later(self._unhandled_seconds, check)

    def report_unhandled(self, details: dict[str, Any]) -> None:
        """Record an exception that no code awaited. Implements `TaskObserver`."""
        error, future = details.get("exception"), details.get("task") or details.get("future")
        if isinstance(error, BaseException):
            self._record(error, future)

    def report_failed_press(self, error: BaseException) -> bool:
        """Record what ended the answer to a press or a form. Implements `TaskObserver`."""
        interaction = find_interaction(error)
        if interaction is None or interaction.type not in PRESSES:
            return False
        self._components.handle_failure(interaction, error)
        return True

    # What a reload calls

    def collect(self, extension: str) -> tuple[TaskOf, ...]:
        """Return the tasks under way that an extension has made, and cancel its timers."""
        current = asyncio.current_task()
        for timer in _list_timers(asyncio.get_running_loop()):
            if _is_part_of(_get_module(timer._callback), extension):  # type: ignore[attr-defined]
                timer.cancel()
        return tuple(
            task
            for task, origin in [*self._origins.items()]
            if not task.done()
            and task is not current
            and any(_is_part_of(module, extension) for module in origin.modules)
        )

    async def cancel(self, tasks: Iterable[TaskOf]) -> tuple[str, ...]:
        """Cancel tasks; return the names of those that run on all the same."""
        running = [task for task in tasks if not task.done()]
        for task in running:
            task.cancel("its cog was reloaded")
        if not running:
            return ()
        _, survivors = await asyncio.wait(running, timeout=_CANCEL_SECONDS)
        names = tuple(
            f"{task.get_name()}, made in {self._origins[task].place}" for task in survivors
        )
        for name in names:
            _log.warning("The background task %s ignores its cancellation and runs on.", name)
        return names

    # How it is done

    def _check_unhandled(self, reference: "weakref.ref[TaskOf]") -> None:
        task = reference()
        # asyncio clears this flag when code reads the exception. Private attributes are used here,
        # because `exception()` would clear it too.
        if task is not None and task._log_traceback and task._exception is not None:
            _log.error("A background task has failed.", exc_info=task._exception)
            self._record(task._exception, task)

    def _check_gathered(self, gathered: Any, last: TaskOf, error: BaseException | None) -> None:
        """Record the failures of a `gather` that no code awaits, when its last task ends."""
        others = [each for each in gathered._children if each is not last]
        if not all(each.done() for each in others):
            return
        ended = [(each, each._exception) for each in others if not each.cancelled()]
        failed = [(each, why) for each, why in (*ended, (last, error)) if _is_failure(why)]
        if gathered.done():  # the awaiting task may not have been woken yet
            task_loop = last.get_loop()
            task_loop.call_later(self._unhandled_seconds, self._record_gathered, gathered, failed)
        elif failed and not gathered._callbacks:
            self._record_all(gathered, failed)

    def _record_gathered(self, gathered: Any, failed: Failures) -> None:
        # Private for the same reason as in `_check_unhandled`: `exception()` would clear the flag.
        if gathered._log_traceback:
            self._record_all(gathered, failed)

    def _record_all(self, gathered: Any, failed: Failures) -> None:
        self._recorded.add(gathered)
        for task, failure in failed:
            _log.error("A task of an abandoned gather has failed.", exc_info=failure)
            self._record(failure, task)

    def _record(self, error: BaseException, future: "asyncio.Future[Any] | None") -> None:
        """Record a failure once, if a cog is behind it."""
        if future is not None and future in self._recorded:
            return
        origin = self._origins.get(future) if isinstance(future, asyncio.Task) else None
        name = self._code.scope(_walk_frames(error))
        if origin is None and not name:
            return
        if future is not None:
            self._recorded.add(future)
        inputs: dict[str, object] = {}
        if isinstance(future, asyncio.Task):
            inputs["task"] = future.get_name()
        if origin is not None:
            inputs["made_in"] = origin.place
            # A private failure hides its inputs, not its name.
            name = name or f"{origin.function}.{_name_of(future)}"
        self._instruments.record_background_failure(name, error, inputs)


def _name_of(task: "asyncio.Future[Any] | None") -> str:
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    return str(getattr(coroutine, "__qualname__", "task"))


def _is_failure(error: BaseException | None) -> TypeGuard[BaseException]:
    return error is not None and not is_error(error, asyncio.CancelledError)


def _find_gather(entry: tuple[Callable[..., Any], Any]) -> Any:
    """Return the future of the `asyncio.gather` that added this callback, if one did.

    asyncio has no public way from a task to its `gather`. Only a closure inside `gather` knows it,
    so the future is read from the closure's cells.
    """
    callback = entry[0]
    if getattr(callback, "__qualname__", "") != "gather.<locals>._done_callback":
        return None
    cells = dict(zip(callback.__code__.co_freevars, callback.__closure__ or (), strict=False))
    return cells["outer"].cell_contents if "outer" in cells else None


def _walk_frames(error: BaseException) -> Iterator[FrameType]:
    traceback = get_traceback(error)
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _list_timers(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """Return the timers that are set; asyncio has no public way to them."""
    return [each for each in getattr(loop, "_scheduled", ()) if not each.cancelled()]


def _get_module(callback: Any) -> str:
    while isinstance(callback, partial):
        callback = callback.func
    return str(getattr(callback, "__module__", None) or "")


def _is_part_of(module: str, extension: str) -> bool:
    return module == extension or module.startswith(f"{extension}.")
