"""Killing a program at a port: from one call on nothing gets through any more."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Killed(BaseException):
    """The program is dead. No `except Exception` catches it, as none would catch a kill -9."""


class Fuse:
    """Blows after `after` burns, and stays blown."""

    def __init__(self, after: int | None = None) -> None:
        self.after = after
        self.burnt = 0
        self.gate: asyncio.Event | None = None  # closed: every port is stuck

    def burn(self) -> None:
        """Count one moment at a port; `Killed` from the fatal one on."""
        self.burnt += 1
        if self.after is not None and self.burnt > self.after:
            raise Killed


class _Fused:
    """Something behind a fuse, which burns before every call and again before its answer."""

    def __init__(self, inner: object, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        if inspect.iscoroutinefunction(found):
            return self._awaited(found)
        if name == "lend":
            return self._lent(found)
        return self._called(found)

    def _called(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            self._fuse.burn()
            return call(*args, **kwargs)

        return called

    def _awaited(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            self._fuse.burn()
            if self._fuse.gate is not None:
                await self._fuse.gate.wait()
            await asyncio.sleep(0)  # as real ports do: others come in between
            self._fuse.burn()
            answer = await call(*args, **kwargs)
            await asyncio.sleep(0)
            self._fuse.burn()
            return answer

        return awaited

    def _lent(self, lend: Callable[..., Any]) -> Callable[..., Any]:
        @asynccontextmanager
        async def lent(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            self._fuse.burn()
            async with lend(*args, **kwargs) as workspace:
                yield _Fused(workspace, self._fuse)

        return lent


def fused(inner: T, fuse: Fuse) -> T:
    """Return `inner` behind a fuse."""
    return cast("T", _Fused(inner, fuse))
