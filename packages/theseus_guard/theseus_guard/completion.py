"""Work that is completed even if its caller is cancelled, so that nothing is left half done."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def wait_until_done(future: "asyncio.Future[Any]") -> None:
    """Wait until it is done, whatever its result. A cancellation is raised only afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if not future.cancelled():
        future.exception()  # looked at, so that it is not reported as lost
    if cancelled is not None:
        raise cancelled


async def run_in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `call` in a thread, off the event loop. A cancelled caller waits for it."""
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, functools.partial(call, *args, **kwargs))
    await wait_until_done(future)
    return future.result()
