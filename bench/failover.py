"""The leader is killed with -9: how long until the standby leads, and until a person is answered.

Two processes on one PostgreSQL and one local Discord. The killed process is started again and is
the next standby. A question is asked right after each kill; its answer also tests that no message
is lost.
"""

import asyncio
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.rows import Row, compute_median
from tests.support.page_reader import is_from_bot
from tests.support.postgres_server import PostgresServer
from tests.support.standby_harness import StandbyHarness, open_standby

KILLS = 50
_LONGEST = 60.0


@dataclass
class Failovers:
    """The seconds from each kill to the new leader, and to the answer."""

    led: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)


async def measure(kills: int = KILLS) -> Sequence[Row]:
    """Return the medians and the worst. Needs PostgreSQL's programs."""
    seen = Failovers()
    with (
        PostgresServer.run() as server,
        tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder,
    ):
        async with open_standby(Path(folder), server) as pair:
            for _ in range(kills):
                await _kill_leader(pair, seen)
    rows = {"new leader": seen.led, "answer to a question": seen.answered}
    return [
        Row(bench="failover", name=f"{name}, {kind}", ours=choose(figures), pairs=kills)
        for name, figures in rows.items()
        for kind, choose in (("median", compute_median), ("worst", max))
    ]


async def _kill_leader(pair: StandbyHarness, seen: Failovers) -> None:
    """Kill the leader, ask something, and wait for the answer and the next standby."""
    alice, old = pair.world.alice.person, pair.leading
    epoch, begun = pair.read_leader()["epoch"], pair.count_standbys(old)
    start = time.perf_counter()
    pair.send_signal(old, signal.SIGKILL)
    asked = await alice.say("dev", "help")
    await pair.wait_for_epoch(epoch + 1)
    seen.led.append(time.perf_counter() - start)
    async with asyncio.timeout(_LONGEST):
        await alice.wait_for(
            "dev", lambda each: is_from_bot(each) and int(each["id"]) > int(asked["id"]), _LONGEST
        )
    seen.answered.append(time.perf_counter() - start)

    await pair.wait_until_standing_by(old, begun + 1)
