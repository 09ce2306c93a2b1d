"""What engines and planners tell while they work: progress on the way, then one last word."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from bot.domain.errors import AgentOutputInvalid
from bot.domain.record import Record
from bot.ports.agent import Progress

Last = TypeVar("Last", bound=Record)
OnProgress = Callable[[Progress], Awaitable[None]]


async def wait_for_result(
    updates: AsyncGenerator[Progress | Last, None], on_progress: OnProgress, missing: str
) -> Last:
    """Return what an engine ends with; what it tells before goes to `on_progress`.

    Its processes are gone when this returns. Raises what `updates` raises, and
    `AgentOutputInvalid`, with `missing` as its text, where it ended without a last word.
    """
    last: Last | None = None
    async with aclosing(updates):
        async for update in updates:
            if isinstance(update, Progress):
                await on_progress(update)
            else:
                last = update
    if last is None:
        raise AgentOutputInvalid(missing)
    return last
