"""The one way to do something again and again: at an interval, or whenever it is asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, NoReturn, TypeVar

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
    """Call `turn`, wait, and call it again until cancelled; never two turns at a time.

    `every` is the seconds between the end of a turn and the next, or is asked for them after each
    turn; the first one comes `first_after` seconds from now. `inf` waits for `wake` alone. Where
    `wake` is set the next turn comes at once, after the one under way; it is cleared before that.
    An error of the kind `tolerated` is handed to `failed`, and the next turn comes; any other comes
    out, and so does every error where nothing is to be told. The pause doubles with each failure
    after the first, up to a minute or the interval, and is the interval again after a success.
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
    """Return what `work` returns, trying again for as long as it fails as `tolerated`.

    The pauses double up to a minute, so that a disk that is full is not asked all the time.
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
    """Return the seconds to wait after so many failures in a row."""
    doubled = interval * 2.0 ** min(max(failures - 1, 0), 16)
    return max(interval, min(doubled, LONGEST_RETRY_SECONDS))


def log_warnings(log: logging.Logger, text: str) -> Failed:
    """Return what logs `text` with the error's own words behind it."""
    return lambda error: log.warning("%s: %s", text, error)


def log_tracebacks(log: logging.Logger, text: str) -> Failed:
    """Return what logs `text` as an error, with where the turn failed."""
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
