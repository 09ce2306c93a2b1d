"""Fills the caches of the checks at the start, while no run waits for them."""

import asyncio

import structlog

from bot.app.resources import Resources
from bot.domain.errors import PortError

_WARMING = "warmup"
_log = structlog.stdlib.get_logger(__name__)


class CacheWarmer:
    """Fills the caches of the checks while no one waits, so that the first run is fast too."""

    def __init__(self, opened: Resources) -> None:
        self._opened = opened
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
        workspaces = self._opened.workspaces
        try:
            await workspaces.drop(_WARMING)
            base = await self._opened.checkout.get_head()
            async with workspaces.open(_WARMING, base=base) as workspace:
                await self._opened.warm(workspace)
            await workspaces.drop(_WARMING)
        except PortError as error:
            _log.info("the checks' caches stay cold: %s", error)
