"""A change of the core goes live: by handover to a new process, against a stop and a new start.

A simulated user rolls dice without a pause. The results are the longest time until an answer is
seen, and the number of rolls without an answer. The same bot alternates between both ways; the
baseline is `systemctl restart`: SIGTERM, and a start after the end. A further row is the memory of
the supervisor, as a share of its and the bot's memory.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_discord.person import Person

from bench.memory import measure_megabytes
from bench.rows import Row, compute_median, measure_pairs
from tests.support.handover_harness import HandoverHarness, open_handover

PAIRS = 3
CORE = "bot/domain/ids.py"
_LONGEST = 60.0  # seconds a roll is waited for
_AFTER = 20  # rolls that are answered when it is live


@dataclass
class Rolls:
    """What a user saw who rolled dice all the time."""

    waits: list[float] = field(default_factory=list)
    lost: int = 0

    async def wait_for_more(self, count: int) -> None:
        """Wait until so many more were answered."""
        wanted = len(self.waits) + count
        async with asyncio.timeout(_LONGEST):
            while len(self.waits) < wanted:  # noqa: ASYNC110  polled, as a person looks
                await asyncio.sleep(0.02)


async def measure(pairs: int = PAIRS) -> Sequence[Row]:
    """Return a row for the longest wait, one for what was lost, and one for the supervisor."""
    lost: dict[str, list[int]] = {"ours": [], "baseline": []}
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder:
        async with open_handover(Path(folder)) as world:

            async def measure_handover() -> float:
                async with _keep_rolling(world) as rolls:
                    pushed = await world.push({CORE: lambda source: source + "\n# again\n"})
                    await world.wait_for_message(f"**live at `{pushed[:7]}`**")
                    await rolls.wait_for_more(_AFTER)
                lost["ours"].append(rolls.lost)
                await _wait_for_probation(world, pushed)
                return max(rolls.waits)

            async def measure_restart() -> float:
                async with _keep_rolling(world) as rolls:
                    before = world.demo.bot.starts
                    world.demo.bot.restart()
                    while world.demo.bot.starts == before:  # noqa: ASYNC110  the process is polled
                        await asyncio.sleep(0.02)
                    await world.alice.wait_for_bot(_LONGEST)
                    await rolls.wait_for_more(_AFTER)
                lost["baseline"].append(rolls.lost)
                await _wait_for_probation(world, world.running_commit)
                return max(rolls.waits)

            ours, baseline, ratio = await measure_pairs(
                measure_handover, measure_restart, pairs=pairs
            )
            assert world.demo.bot.pid is not None
            whole = measure_megabytes(world.demo.bot.pid)
            small = measure_megabytes(world.demo.bot.pid, alone=True)
    named = "stopped and started"
    return [
        Row(
            bench="restart", name="longest wait for an answer", ours=ours, baseline=baseline,
            baseline_name=named, ratio=ratio, pairs=pairs,
        ),
        Row(
            bench="restart", name="rolls nobody answered", unit="answers",
            ours=compute_median(lost["ours"]), baseline=compute_median(lost["baseline"]),
            baseline_name=named,
            ratio=_compute_ratio(compute_median(lost["ours"]), compute_median(lost["baseline"])),
            pairs=pairs,
        ),
        Row(
            bench="restart", name="memory of the supervisor", unit="MB", ours=small,
            share=small / whole,
        ),
    ]  # fmt: skip


@asynccontextmanager
async def _keep_rolling(world: HandoverHarness) -> AsyncIterator[Rolls]:
    """Roll dice as a user until the block ends."""
    rolls = Rolls()
    async with Person(world.demo.discord.base_url, "bob") as bob:
        rolling = asyncio.create_task(_roll(bob, rolls))
        try:
            yield rolls
        finally:
            rolling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rolling


async def _roll(bob: Person, rolls: Rolls) -> None:
    asked = time.perf_counter()
    while True:
        async with asyncio.timeout(_LONGEST):
            done = await bob.run("dev", "roll", dice="1d6")
        if done["message"] is None:
            rolls.lost += 1  # and who asked tries again
            continue
        rolls.waits.append(time.perf_counter() - asked)
        await asyncio.sleep(0.02)
        asked = time.perf_counter()


async def _wait_for_probation(world: HandoverHarness, commit: str) -> None:
    """Wait until the probation is over: the next hand-over comes after it."""
    while world.read_records().get("trial") or commit not in world.read_records()["good"]:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def _compute_ratio(ours: float, baseline: float) -> float | None:
    return ours / baseline if baseline else None
