"""Memory of the bot with 1 and 8 runs at their executor, against bare claude-agent-sdk clients.

The measure is the proportional set size of a tree of processes: the bot, its programs and their
launchers; or one Python program with as many SDK clients and their programs. Each executor, and
each bare client, waits for the model's first answer.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.bare import BareRequest, run_bare
from bench.rows import Row
from bench.scene import BenchScene, open_scene
from tests.fakes.small_bot_repository import SPIN

RUNS = (1, 8)
SECONDS = 600.0
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_PARENT = re.compile(r"^PPid:\s+(\d+)", re.MULTILINE)


async def measure(counts: Sequence[int] = RUNS) -> Sequence[Row]:
    """Return a row for the idle bot, and one for each number of runs."""
    async with open_scene(workers=max(counts)) as place:
        await place.prepare(SPIN)
        place.pace.gate = asyncio.Event()
        assert place.world.bot.pid is not None
        idle = Row(
            bench="memory", name="idle bot", unit="MB", ours=measure_megabytes(place.world.bot.pid)
        )
        ours = await _measure_bot(place, counts)
        theirs = await _measure_clients(
            place, counts
        )  # only after the bot has ended, because programs share memory
    rows = [
        Row(
            bench="memory", name=f"{runs} runs" if runs > 1 else "1 run", unit="MB", ours=mine,
            baseline=other, ratio=mine / other,
            baseline_name=f"{runs} bare clients" if runs > 1 else "1 bare client",
        )
        for runs, mine, other in zip(counts, ours, theirs, strict=True)
    ]  # fmt: skip
    return [idle, *rows]


async def _measure_bot(place: BenchScene, counts: Sequence[int]) -> list[float]:
    assert place.world.bot.pid is not None
    threads, found = list[str](), list[float]()
    for runs in counts:
        while len(threads) < runs:
            threads.append(await place.world.alice.ask(SPIN.report))
        await asyncio.wait_for(place.model.wait_for_requests(runs, "executor"), SECONDS)
        found.append(measure_megabytes(place.world.bot.pid))
    for thread in threads:
        await place.world.alice.person.say(thread, "cancel")
    await place.world.wait_until_clean(60)
    return found


async def _measure_clients(place: BenchScene, counts: Sequence[int]) -> list[float]:
    found = []
    asked = BareRequest.from_request(place.model.list_requests("executor")[0])
    async with run_bare(place.folder / "bare", place.model.base_url) as sdk:
        begun, before = 0, len(place.model.list_requests("executor"))
        for clients in counts:
            for _ in range(begun, clients):
                await sdk.begin(asked, place.world.workspace.checkout)
            begun = clients
            await asyncio.wait_for(
                place.model.wait_for_requests(before + clients, "executor"), SECONDS
            )
            found.append(measure_megabytes(sdk.pid))
    return found


def measure_megabytes(root: int, *, alone: bool = False) -> float:
    """Return what a process takes, and everything below it unless it is looked at `alone`."""
    return sum(map(_read_pss, {root} if alone else _find_descendants(root))) / 1024


def _read_pss(pid: int) -> int:
    """Return kilobytes; pages that several processes share count a part in each."""
    try:
        told = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
    except OSError:  # gone meanwhile
        return 0
    return int(told[1]) if told else 0


def _find_descendants(root: int) -> set[int]:
    """Return a process and everything below it."""
    parents, found, size = dict(_iterate_parents()), {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found


def _iterate_parents() -> Iterator[tuple[int, int]]:
    for place in Path("/proc").glob("[0-9]*/status"):
        try:
            told = _PARENT.search(place.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if told:
            yield int(place.parent.name), int(told[1])
