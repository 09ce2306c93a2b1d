"""Reads the updates of an engine or planner: progress reports, then one result."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from theseus_guard.record import Record

from bot.domain.errors import AgentOutputInvalid
from bot.ports.agent import Progress

Last = TypeVar("Last", bound=Record)
OnProgress = Callable[[Progress], Awaitable[None]]


async def wait_for_result(
    updates: AsyncGenerator[Progress | Last, None], on_progress: OnProgress, missing: str
) -> Last:
    """Return the engine's result; its progress reports go to `on_progress`.

    The engine's processes have ended when this returns. Raises what `updates` raises, and
    `AgentOutputInvalid` with the text `missing` if no result came.
    """
    result: Last | None = None
    async with aclosing(updates):
        async for update in updates:
            if isinstance(update, Progress):
                await on_progress(update)
            else:
                result = update
    if result is None:
        raise AgentOutputInvalid(missing)
    return result
