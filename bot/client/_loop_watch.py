"""Records of the `tasks.loop`s of cogs: each iteration, each failure, and the end of a loop."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

from discord.ext import commands, tasks

from bot.client._containment import Containment
from bot.client._traffic_capture import TrafficCapture
from bot.domain.journal import ActionOutcome, Kind, get_stop_event
from bot.telemetry import Recorder
from bot.telemetry.recorder import get_outcome

_LOOP_HOOKS = ("before_loop", "after_loop", "error")
_EndCallback = Callable[[asyncio.Task[Any]], None]


class LoopWatch:
    """Records and contains the loops of cogs; `traffic`, if set, gets each failure."""

    def __init__(self, recorder: Recorder, traffic: TrafficCapture | None = None) -> None:
        self._recorder, self._traffic = recorder, traffic

    def watch(self, cog: commands.Cog, alone: asyncio.Event) -> None:
        """Record every iteration of the cog's loops and their end. Call it before they start.

        A loop starts only after `alone` is set. Until then the same loop may still run in the
        previous process, and everything would be done twice.
        """
        for name in dir(type(cog)):
            if isinstance(getattr(type(cog), name, None), tasks.Loop):
                loop: tasks.Loop[Any] = getattr(cog, name)
                full_name = f"{cog.qualified_name}.{name}"
                ended = functools.partial(self._loop_ended, full_name, loop)
                loop.coro = self._time_work(full_name, loop.coro, ended, alone)
                for hook in _LOOP_HOOKS:
                    if (function := getattr(loop, f"_{hook}")) is not None:
                        contained = self._contain_hook(full_name, hook, function, ended)
                        setattr(loop, f"_{hook}", contained)

    def _time_work(
        self,
        name: str,
        work: Callable[..., Awaitable[Any]],
        ended: _EndCallback,
        alone: asyncio.Event,
    ) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(work)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            await alone.wait()
            try:
                with self._recorder.measure(Kind.TASK, name) as turn, Containment():
                    return await work(*args, **kwargs)
            except BaseException:
                if self._traffic is not None and turn.action is not None:
                    self._traffic.record_failure(turn.action)
                _call_at_end(ended)
                raise

        return timed

    def _contain_hook(
        self, name: str, hook: str, function: Callable[..., Awaitable[Any]], ended: _EndCallback
    ) -> Callable[..., Awaitable[Any]]:
        """Return what runs before or after a loop or handles its errors, contained and recorded.

        discord.py hands no failure of these to anybody.
        """

        @functools.wraps(function)
        async def contained(*args: Any, **kwargs: Any) -> Any:
            try:
                with Containment():
                    return await function(*args, **kwargs)
            except Exception as error:
                self._record_hook(name, hook, error)
                _call_at_end(ended)
                raise

        return contained

    def _loop_ended(self, name: str, loop: tasks.Loop[Any], task: asyncio.Task[Any]) -> None:
        """Record that a failure ended a loop, unless its cog restarts it at once.

        The failure itself is recorded already. Reading the exception here also keeps asyncio from
        logging later that it was never retrieved.
        """
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_soon(self._tell_if_stopped, name, loop)

    def _tell_if_stopped(self, name: str, loop: tasks.Loop[Any]) -> None:
        if not loop.is_running():
            self._recorder.record(Kind.TASK, get_stop_event(name), ActionOutcome.ERROR)

    def _record_hook(self, name: str, hook: str, error: Exception) -> None:
        action = self._recorder.record(
            Kind.TASK, name, get_outcome(error), error=error, inputs={"hook": hook}
        )
        if self._traffic is not None:
            self._traffic.record_failure(action)


def _call_at_end(callback: _EndCallback) -> None:
    """Call the callback once when the current task ends."""
    if (task := asyncio.current_task()) is not None:
        task.remove_done_callback(callback)  # it was added before if the loop survived a failure
        task.add_done_callback(callback)
