"""Ends the work of a command cleanly after Ctrl-C, SIGTERM or SIGHUP."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds in which a further signal does not interrupt the clean-up: many people press Ctrl-C twice.
_PATIENCE = 10.0


class EndedBySignal(Exception):
    """Raised after a signal ended the work and the work cleaned up."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


async def run_interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of the work. Raises `EndedBySignal` after a signal ended the work.

    A signal that is ignored already stays ignored, as SIGHUP does under `nohup`.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    received: list[tuple[int, float]] = []

    def stop(number: int) -> None:
        if not received or loop.time() - received[0][1] > _PATIENCE:
            task.cancel()
        received.append((number, loop.time()))

    handled = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in handled:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        # Without a signal, something else cancelled the work, and the cancellation goes on.
        if received:
            raise EndedBySignal(received[0][0]) from None
        raise
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
