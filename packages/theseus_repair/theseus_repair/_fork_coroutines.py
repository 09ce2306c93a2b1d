"""Runs coroutines to their end on an event loop that can only compute.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only. The loop has a virtual clock: sleeping tasks continue at once, ordered by wake-up
time.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

UNSTARTED: dict[
    Any, int
] = {}  # by code object, the last instruction of a frame that has just begun
UNFINISHED: list[
    Any
] = []  # what has not ended when its call has: its `finally` would run unguarded


class WaitsForEver(BaseException):
    """Raised if a coroutine waits for an event that can no longer happen."""


def is_new_call(frame: Any) -> bool:
    """Return whether an entered frame begins, and does not resume after an `await` or `yield`."""
    code = frame.f_code
    if not code.co_flags & 0x2A0:  # not a generator, coroutine or asynchronous generator
        return True
    if code not in UNSTARTED:
        import opcode

        resume = opcode.opmap.get("RESUME", -1)
        at = range(0, len(code.co_code), 2)
        UNSTARTED[code] = next((offset for offset in at if code.co_code[offset] == resume), -1)
    return bool(frame.f_lasti <= UNSTARTED[code])


def run_awaitable(awaitable: Any, items: int) -> Any:
    """Run a coroutine and return its answer, or an asynchronous generator for up to `items` items.

    Raises the coroutine's exception, or `WaitsForEver`. Unfinished tasks are stored in `UNFINISHED`
    and never resumed, because destroying them would run their `finally` blocks.
    """
    import asyncio
    import inspect

    async def collect_items() -> list[Any]:
        found: list[Any] = []
        async for item in awaitable:
            found.append(item)
            if len(found) == items:
                break
        return found

    loop = get_loop_class()()
    try:
        return loop.run_until_complete(
            collect_items() if inspect.isasyncgen(awaitable) else awaitable
        )
    finally:
        UNFINISHED.append((loop, awaitable, asyncio.all_tasks(loop)))


@functools.cache
def get_loop_class() -> Callable[[], Any]:
    """Return the class of the loop. `asyncio` is imported only when it is needed."""
    import asyncio

    class VirtualSelector:
        """Replaces the selector of a loop: there are no files or sockets, so time just passes."""

        now = 0.0

        def select(self, timeout: float | None) -> list[Any]:
            if timeout is None:
                raise WaitsForEver
            self.now += timeout
            return []

    class ComputingLoop(asyncio.BaseEventLoop):
        """An event loop without files, sockets, processes, signals and threads."""

        def __init__(self) -> None:
            super().__init__()
            self._selector = VirtualSelector()
            self.set_debug(False)
            self.set_exception_handler(lambda loop, context: None)

        def time(self) -> float:
            return self._selector.now

        def _process_events(self, events: Any) -> None:
            """Do nothing: there are no events from outside."""

        def _write_to_self(self) -> None:
            """Do nothing: no selector has to be woken up."""

    for name in dir(asyncio.AbstractEventLoop):
        missing: Any = getattr(asyncio.AbstractEventLoop, name)
        if not name.startswith("_") and getattr(ComputingLoop, name) is missing:
            setattr(ComputingLoop, name, build_refusal(name))
    for name in ("run_in_executor", "_make_subprocess_transport", "_make_socket_transport"):
        setattr(ComputingLoop, name, build_refusal(name))
    return ComputingLoop


def build_refusal(name: str) -> Callable[..., Any]:
    """Return a loop method that raises an audit event, so that the call's audit hook refuses it."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        sys.audit(f"theseus.loop.{name}")
        raise NotImplementedError(name)

    return refuse
