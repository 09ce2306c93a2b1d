"""The one way to do something again and again: at an interval, or whenever it is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, NoReturn, TypeVar

from structlog.stdlib import BoundLogger

from bot.domain.errors import StoreError, TheseusError
from bot.ports.clock import Clock

T = TypeVar("T")

LONGEST_RETRY_SECONDS = 60.0
"""Turns that fail one after the other come less often, down to this."""

Failed = Callable[[TheseusError], None]
"""Told of a turn that failed; it logs it."""


async def run_periodically(
    turn: Callable[[], Awaitable[object]],
    clock: Clock,
    every: float | Callable[[], float],
    *,
    first_after: float = 0.0,
    wake: asyncio.Event | None = None,
    tolerated: type[TheseusError] = TheseusError,
    failed: Failed | None = None,
) -> NoReturn:
    """Call `turn` again and again until cancelled, never two calls at a time.

    After the second failure in a row, the pause doubles with each failure, up to a minute or the
    interval if that is longer. A success resets it.

    Args:
        turn: The function to call.
        clock: The clock to wait with.
        every: Seconds from the end of a call to the next one, or a function that returns them.
            `inf` waits for `wake` only.
        first_after: Seconds until the first call.
        wake: Setting it starts the next call at once, after the current one; it is cleared then.
        tolerated: Errors of this type do not end the loop, if `failed` is set.
        failed: Receives the tolerated errors.

    Raises:
        Exception: Any error that is not tolerated, and every error without `failed`.
    """
    pause, failures = first_after, 0
    while True:
        await _wait(clock, pause, wake)
        try:
            await turn()
            failures = 0
        except tolerated as error:
            if failed is None:
                raise
            failed(error)
            failures += 1
        interval = every() if callable(every) else every
        pause = compute_delay(interval, failures)


async def run_until_success(
    work: Callable[[], Awaitable[T]],
    clock: Clock,
    *,
    failed: Failed,
    first_pause: float = 1.0,
    tolerated: type[TheseusError] = StoreError,
) -> T:
    """Return the result of `work`, trying again while it raises `tolerated`.

    The pauses double up to a minute, so that a full disk is not written to all the time.
    """
    failures = 0
    while True:
        try:
            return await work()
        except tolerated as error:
            failed(error)
            failures += 1
            await clock.sleep(compute_delay(first_pause, failures))


def compute_delay(interval: float, failures: int) -> float:
    """Return the seconds to wait after this number of failures in a row."""
    doubled = interval * 2.0 ** min(max(failures - 1, 0), 16)
    return max(interval, min(doubled, LONGEST_RETRY_SECONDS))


def log_warnings(log: BoundLogger, text: str) -> Failed:
    """Return a function that logs `text` and the error's message as a warning."""
    return lambda error: log.warning("%s: %s", text, error)


def log_tracebacks(log: BoundLogger, text: str) -> Failed:
    """Return a function that logs `text` as an error with the traceback."""
    return lambda error: log.error(text, exc_info=error)


async def _wait(clock: Clock, seconds: float, wake: asyncio.Event | None) -> None:
    if wake is None:
        if seconds > 0:
            await clock.sleep(seconds)
        return
    if seconds > 0:
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(wake.wait())]
        if seconds < inf:
            waits.append(asyncio.create_task(clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
    wake.clear()
