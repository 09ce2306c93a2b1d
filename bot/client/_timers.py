"""Timers of the recording, which are no part of what the bot does."""

import asyncio
from collections.abc import Callable
from contextvars import Context


def start_observer_timer(
    loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[..., object], *args: object
) -> asyncio.TimerHandle:
    """Call something that only observes, in so many seconds, in a context of its own.

    The simulated Discord of cog tests waits until all that the bot began has ended, and knows it by
    its context. It would wait for such a timer as well: seconds at each command.
    """
    return Context().run(loop.call_later, seconds, callback, *args)
