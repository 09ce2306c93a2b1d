"""A bot's HTTP server as a program of its own: `python -m tests.support.web_instance PORT FOLDER`.

At SIGTERM it does what the bot does: it says that it is shutting down, serves on for
`http.drain_seconds`, and closes. `restart_instance` beside it starts and ends it.
"""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from bot.adapters.system_clock import SystemClock
from tests.bot.web.web_server import SECRET, Room

DRAIN_SECONDS = 2.5  # the templates ask every second


async def _serve(port: int, folder: Path) -> None:
    room, ended = Room(), asyncio.Event()
    why: list[str] = []
    facts = replace(room.services.facts, closing=lambda: why[0] if why else None)
    room.without(facts=facts, clock=SystemClock())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with room.serving(port=port, secret=SECRET, drain_seconds=DRAIN_SECONDS) as client:
        written = folder / f"{port}.new"
        written.write_text(str(os.getpid()))
        written.rename(folder / f"{port}.pid")
        await ended.wait()
        why.append("it is shutting down")
        await client.server.wait_until_drained(0.0, at_most=30.0)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
