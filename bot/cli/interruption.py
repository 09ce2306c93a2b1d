"""Ctrl-C, SIGTERM and SIGHUP end a command's work in order: nothing it started or made is left."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 10.0  # seconds in which one more signal does not disturb the clearing away


class EndedBySignal(Exception):
    """The work was ended by a signal, and has cleared away behind itself."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


async def run_interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what the work returns. Raises `EndedBySignal` once it has ended after a signal.

    What is ignored already stays so, as SIGHUP does under nohup.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    came: list[tuple[int, float]] = []

    def stop(number: int) -> None:
        if not came or loop.time() - came[0][1] > _PATIENCE:
            task.cancel()
        came.append((number, loop.time()))

    heard = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if came:
            raise EndedBySignal(came[0][0]) from None
        raise
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
