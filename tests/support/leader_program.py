"""Leads if it can, and acts for as long as it may: `URL NAME FILE`.

Each act is a line in the file, with the epoch. `end_silent` and the waiting are the bot's own.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from bot.adapters.postgres_leadership import PostgresLeadership
from bot.adapters.system_clock import SystemClock
from bot.app.leadership import end_at_once
from bot.domain.errors import StoreError
from bot.domain.leadership import SilenceWatch
from bot.domain.postgres_place import PostgresPlace

_PAUSE = 0.05
_SILENT = 10.0


async def run_leader(url: str, name: str, file: Path) -> None:
    """Wait for the lead, then act until it is lost."""
    leadership = PostgresLeadership(PostgresPlace.parse(url), name, SystemClock(), end_at_once)
    watch = SilenceWatch(_SILENT)
    while True:
        with suppress(StoreError):  # the database is out of reach: wait
            if await leadership.take_lead("abc"):
                break
            leader = await leadership.read()
            if leader is not None:
                await leadership.end_silent(leader, watch)
        await asyncio.sleep(_PAUSE)
    beating = asyncio.create_task(leadership.run_forever())
    acts = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while not beating.done():
        with suppress(StoreError):
            await leadership.check_lead()
            os.write(acts, f"{leadership.epoch}\n".encode())
        await asyncio.sleep(_PAUSE)


if __name__ == "__main__":
    asyncio.run(run_leader(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
