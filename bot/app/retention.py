"""How long things are kept: once a day, what is older than configured is removed."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.errors import PortError
from bot.periodic import run_periodically
from bot.ports.clock import Clock

_DAY = timedelta(days=1)
_log = logging.getLogger(__name__)


class RetainedKind(NamedTuple):
    """One kind of thing: its name for the log, how long it is kept, what removes older ones."""

    what: str
    days: int
    forget: Callable[[datetime], Awaitable[int]]


class Retention:
    """Removes what is too old, at the start and then daily. What fails is tried again next day."""

    def __init__(self, clock: Clock, kept: tuple[RetainedKind, ...]) -> None:
        self._clock = clock
        self._kept = kept

    async def run_forever(self) -> None:
        """Remove what is too old until cancelled."""
        await run_periodically(self.remove, self._clock, _DAY.total_seconds())

    async def remove(self) -> None:
        """Remove what is too old now."""
        for what, days, forget in self._kept:
            try:
                gone = await forget(self._clock.now() - timedelta(days=days))
            except PortError as error:
                _log.warning("old %s stay for another day: %s", what, error)
                continue
            if gone:
                _log.info("removed %d %s older than %d days", gone, what, days)
