"""The program of the bot that `bench.soak` runs: the real one, whose clock jumps when told to.

Its engine follows a script. A socket in the demo's home takes orders, one JSON object a line:
`{"jump": seconds}` and `{"measure": true}`; each is answered by one line.
"""

import asyncio
import gc
import json
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

# The present folder's cogs come before this repository's; `bot` is this repository's.
sys.path[:1] = [str(Path.cwd()), str(Path(__file__).resolve().parents[1])]

from theseus_observe.redaction import redact  # noqa: E402

from bench.virtual_clock import VirtualClock  # noqa: E402
from bot.app.bot import run_bot  # noqa: E402
from bot.settings import Settings, load  # noqa: E402
from bot.telemetry import configure_logging  # noqa: E402
from tests.support.small_bot import create_scripted  # noqa: E402

CLOCK, ORDERS = "clock", "orders"
"""Files in the home: how far the clock is ahead, and the socket."""

_MOST_TYPES = 60


async def run(settings: Settings) -> None:
    """Run the bot, and take orders until it ends."""
    home = settings.state.parent
    clock = VirtualClock(home / CLOCK)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        order = json.loads(await reader.readline())
        if seconds := order.get("jump"):
            clock.jump(seconds)
        told = measure_process() if order.get("measure") else {"ahead": clock.ahead}
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()
        writer.close()

    (home / ORDERS).unlink(missing_ok=True)  # of a process that was killed
    async with await asyncio.start_unix_server(answer, home / ORDERS):
        await run_bot(settings, make_engines=create_scripted, clock=clock)


def measure_process() -> dict[str, Any]:
    """Return what only the process itself can count, after a collection."""
    gc.collect()
    objects = gc.get_objects()
    types = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in objects)
    return {
        "tasks": len(asyncio.all_tasks()),
        "task names": sorted(_describe_task(task) for task in asyncio.all_tasks()),
        "python threads": threading.active_count(),
        "objects": len(objects),
        "types": dict(types.most_common(_MOST_TYPES)),
    }


def _describe_task(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", task.get_name())


if __name__ == "__main__":
    configure_logging(redact=redact)
    asyncio.run(run(load(Path.cwd(), os.environ)))
