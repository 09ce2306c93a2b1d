"""The demo's story on a busy machine and on the machine as it is, from the report to a live fix.

Burners keep all processors busy. The same checks have to run, with the same results, and the fix
has to be merged; only the time may differ.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from bench.moments import list_moments
from bench.proposal import FAULT, has_proposal, trigger_fault
from bench.rows import Row
from bench.stage import open_demo, wait_for_run
from bot.adapters.sqlite_store import SqliteStore
from bot.demo.faults import choose
from bot.domain.change import CheckResult
from bot.domain.history import History
from bot.domain.run import Run, Status

LOAD = 16
_PATIENCE = 3600.0


class Story(NamedTuple):
    """What happened: seconds by stage, and the result of each check."""

    seconds: dict[str, float]
    checks: tuple[str, ...]


async def measure(load: int = LOAD) -> Sequence[Row]:
    """Return a row for each stage, and one for the whole story.

    Raises `RuntimeError` if the busy machine led to another end or to other checks.
    """
    alone = await play_story(0)
    busy = await play_story(max(1, load - round(os.getloadavg()[0])))
    if busy.checks != alone.checks:
        missing, added = {*alone.checks} - {*busy.checks}, {*busy.checks} - {*alone.checks}
        raise RuntimeError(f"missing under load: {sorted(missing)}; instead: {sorted(added)}")
    whole = sum(busy.seconds.values())
    checks = Row(bench="load", name="checks", unit="answers", ours=len(busy.checks))
    return [
        _compare("report to live", whole, sum(alone.seconds.values())),
        *(_compare(f"  {name}", busy.seconds[name], alone.seconds[name]) for name in busy.seconds),
        checks,
    ]


def _compare(name: str, ours: float, baseline: float) -> Row:
    return Row(
        bench="load", name=name, ours=ours, baseline=baseline, ratio=ours / baseline,
        baseline_name="without",
    )  # fmt: skip


async def play_story(burners: int) -> Story:
    """Have a fault reported, fixed and shipped next to so many burners.

    Raises `RuntimeError` if it is not proposed or not merged.
    """
    fault = choose(FAULT, None)
    async with (
        _run_burners(burners),
        open_demo(fault) as (demo, alice),
        SqliteStore(demo.workspace.state / "theseus.sqlite3") as store,
    ):
        await trigger_fault(alice)
        await alice.say("dev", fault.report)
        run = await wait_for_run(store, has_proposal, _PATIENCE)
        _require(run, not run.has_ended)
        saved = list_moments(demo.workspace.state / "theseus.sqlite3", run)
        approved_at = datetime.now(UTC)
        await alice.say(str(run.thread_id), "ship it")
        run = await wait_for_run(store, lambda run: run.has_ended, _PATIENCE)
        _require(run, run.status is Status.DONE)
        history = await store.get_history(run.id)
        shipped_at = datetime.now(UTC)
    seconds = {stage: (end - start).total_seconds() for (_, start), (stage, end) in pairwise(saved)}
    seconds["ship"] = (shipped_at - approved_at).total_seconds()
    return Story(seconds, tuple(sorted(_list_results(history))))


def _require(run: Run, as_wanted: bool) -> None:
    if not as_wanted:
        raise RuntimeError(f"the run is {run.status} at {run.stage}: {run.reason}")


def _list_results(history: History) -> list[str]:
    """Return each check of the proposal and of the merge with its result."""
    verdict, merge = history.verdict, history.full_tier
    found: list[tuple[str, CheckResult]] = []
    if verdict is not None:
        own = (verdict.failing_on_base, verdict.passing_on_head, *verdict.checks)
        found += [("proposal", each) for each in own if each is not None]
    if merge is not None:
        found += [("merge", each) for each in merge.checks]
    return [f"{where}: {each.name} {each.status}" for where, each in found]


@asynccontextmanager
async def _run_burners(count: int) -> AsyncIterator[None]:
    """Keep so many processes busy."""
    burners = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for each in burners:
            each.kill()
        await asyncio.gather(*(each.wait() for each in burners))
