"""Ctrl-C and SIGTERM end a command's work in order: what it started and made is cleared away."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 10.0  # seconds in which one more signal does not disturb the clearing away


class EndedBySignal(Exception):
    """The work was ended by a signal, and has cleared away behind itself."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


async def interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what the work returns. Raises `EndedBySignal` once it has ended after a signal."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    came: list[tuple[int, float]] = []

    def stop(number: int) -> None:
        if not came or loop.time() - came[0][1] > _PATIENCE:
            task.cancel()
        came.append((number, loop.time()))

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if came:
            raise EndedBySignal(came[0][0]) from None
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
