"""When cogs were loaded, by the journal: with each start of the bot, and with each reload."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import JournalError
from bot.domain.journal import JournalQuery, Kind
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.traffic import CogLoads

_MOST = 200
_log = structlog.stdlib.get_logger(__name__)


def build_load_lookup(journal: Journal, clock: Clock, lookback: timedelta) -> CogLoads:
    """Return a function that finds the times at which a cog was loaded.

    The times matter because a reloaded cog loses what it stored in memory only. The result is empty
    if the journal cannot be read.
    """

    async def find_load_times(cog: str) -> Sequence[datetime]:
        event = f"{Kind.RELOAD}.cogs.{cog}"
        query = JournalQuery(event=event, since=clock.now() - lookback, limit=_MOST)
        try:
            return tuple(action.ts for action in await journal.read(query))
        except JournalError as error:
            _log.warning("looking into what people did without the bot's restarts: %s", error)
            return ()

    return find_load_times
