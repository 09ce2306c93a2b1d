"""Records of `tasks.loop`s: each iteration, what fails in it, and the end that a failure brings."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from time import monotonic
from typing import Any

from discord.ext import tasks

from theseus_observe.failures.safe_access import is_error
from theseus_observe.hook_runner import HookRunner
from theseus_observe.outcomes import get_outcome
from theseus_observe.recorder import Failure, Recorder
from theseus_observe.records import CANCELLED, ERROR, PRIVATE, TASK

_HOOKS = ("before_loop", "after_loop", "error")
_STOPPED = ".stopped"


class LoopRecords:
    """Watches the loops of a bot, whoever starts them.

    The work of a loop is wrapped, so a traceback in the bot's log has one more line.
    """

    def __init__(self, recorder: Recorder, runner: HookRunner) -> None:
        self._recorder = recorder
        self._runner = runner
        self._loops: weakref.WeakSet[tasks.Loop[Any]] = weakref.WeakSet()

    def begin(self, coroutine: Any) -> Callable[[asyncio.Task[Any]], None]:
        """Take the coroutine that will run a loop; return what to call when it has ended."""
        loop: Any = coroutine.cr_frame.f_locals["self"]
        name = _build_name(loop)
        if loop not in self._loops:
            self._loops.add(loop)
            loop.coro = self._measure_work(name, loop.coro)
            for hook in _HOOKS:
                function = getattr(loop, f"_{hook}", None)
                if function is not None:
                    setattr(loop, f"_{hook}", self._watch_hook(name, hook, function))
        return partial(self._runner.run, self._end, name, loop)

    def _measure_work(
        self, name: str, work: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        @wraps(work)
        async def measure_work(*args: Any, **kwargs: Any) -> Any:
            started = monotonic()
            try:
                result = await work(*args, **kwargs)
            except BaseException as error:
                self._runner.run(self._record, name, error, started, None)
                raise
            self._runner.run(self._record, name, None, started, None)
            return result

        return measure_work

    def _watch_hook(
        self, name: str, hook: str, function: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        """Return a loop's hook that is recorded if it fails."""

        @wraps(function)
        async def watch_hook(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except Exception as error:
                self._runner.run(self._record, name, error, None, hook)
                raise

        return watch_hook

    def _record(
        self, name: str, error: BaseException | None, started: float | None, hook: str | None
    ) -> None:
        if is_error(error, GeneratorExit):  # the program ends
            return
        outcome = get_outcome(error)
        failure = None
        if error is not None and outcome != CANCELLED:
            failure = Failure(error, audience=PRIVATE, inputs={"hook": hook} if hook else None)
        self._recorder.record(
            TASK,
            name,
            outcome,
            duration_ms=None if started is None else round((monotonic() - started) * 1000, 3),
            failure=failure,
        )

    def _end(self, name: str, loop: tasks.Loop[Any], task: asyncio.Task[Any]) -> None:
        """Record that a failure ended a loop, unless the bot starts it again at once."""
        # `exception()` would mark the exception as seen, and asyncio would not log it any more.
        if not task.cancelled() and getattr(task, "_exception", None) is not None:
            task.get_loop().call_soon(self._runner.run, self._record_stop, name, loop)

    def _record_stop(self, name: str, loop: tasks.Loop[Any]) -> None:
        if not loop.is_running():
            self._recorder.record(TASK, name + _STOPPED, ERROR)


def _build_name(loop: Any) -> str:
    """Return `Cog.loop`; of a loop outside of a cog, the qualified name of its function."""
    cog = getattr(loop, "_injected", None)
    name = str(getattr(loop.coro, "__name__", "loop"))
    owner = getattr(cog, "qualified_name", None)
    if isinstance(owner, str):
        return f"{owner}.{name}"
    return str(getattr(loop.coro, "__qualname__", name)).replace("<locals>.", "")
