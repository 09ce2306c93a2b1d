"""Kills a program at a port: after a chosen call, no call succeeds any more."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Killed(BaseException):
    """The program is dead. No `except Exception` catches it, as none would catch a kill -9."""


class CrashPoint:
    """Ends the program after `after` hits, and lets no later call through."""

    def __init__(self, after: int | None = None) -> None:
        self.after = after
        self.hits = 0
        self.gate: asyncio.Event | None = None  # closed: every port is stuck

    def hit(self) -> None:
        """Count one moment at a port; `Killed` from the fatal one on."""
        self.hits += 1
        if self.after is not None and self.hits > self.after:
            raise Killed


class _CrashingProxy:
    """A port behind a crash point, which is hit before every call and before its answer."""

    def __init__(self, inner: object, crash_point: CrashPoint) -> None:
        self._inner = inner
        self._crash_point = crash_point

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        if inspect.iscoroutinefunction(found):
            return self._wrap_coroutine(found)
        if name == "open":  # of a worktree
            return self._wrap_lease(found)
        return self._wrap_function(found)

    def _wrap_function(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def run_call(*args: Any, **kwargs: Any) -> Any:
            self._crash_point.hit()
            return call(*args, **kwargs)

        return run_call

    def _wrap_coroutine(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def run_call(*args: Any, **kwargs: Any) -> Any:
            self._crash_point.hit()
            if self._crash_point.gate is not None:
                await self._crash_point.gate.wait()
            await asyncio.sleep(0)  # as real ports do: others come in between
            self._crash_point.hit()
            answer = await call(*args, **kwargs)
            await asyncio.sleep(0)
            self._crash_point.hit()
            return answer

        return run_call

    def _wrap_lease(self, lease: Callable[..., Any]) -> Callable[..., Any]:
        @asynccontextmanager
        async def hold_lease(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            self._crash_point.hit()
            async with lease(*args, **kwargs) as workspace:
                yield _CrashingProxy(workspace, self._crash_point)

        return hold_lease


def add_crash_point(inner: T, crash_point: CrashPoint) -> T:
    """Return `inner` behind a crash point."""
    return cast("T", _CrashingProxy(inner, crash_point))
