"""Fills the caches of the checks at the start, while no run waits for them."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.domain.errors import PortError
from bot.ports.workspace import Checkout, Workspace, Workspaces

_WARMING = "warmup"
_log = structlog.stdlib.get_logger(__name__)


class CacheWarmer:
    """Fills the caches of the checks while no one waits, so that the first run is fast too."""

    def __init__(
        self,
        workspaces: Workspaces,
        checkout: Checkout,
        warm: Callable[[Workspace], Awaitable[None]],
    ) -> None:
        self._workspaces = workspaces
        self._checkout = checkout
        self._warm = warm
        self._warming: asyncio.Task[None] | None = None

    async def run_forever(self) -> None:
        """Fill them once, unless a stop comes."""
        async with asyncio.TaskGroup() as group:
            self._warming = group.create_task(self._warm_caches())

    async def cancel_turns(self) -> None:
        """End it: a stop leaves no program at work."""
        if self._warming is not None and not self._warming.done():
            self._warming.cancel()
            await asyncio.wait([self._warming])

    async def _warm_caches(self) -> None:
        try:
            await self._workspaces.drop(_WARMING)
            base = await self._checkout.get_head()
            async with self._workspaces.open(_WARMING, base=base) as workspace:
                await self._warm(workspace)
            await self._workspaces.drop(_WARMING)
        except PortError as error:
            _log.info("the checks' caches stay cold: %s", error)
