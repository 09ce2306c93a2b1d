"""Compares the answers of two commits; the replays go through a work queue."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.behaviour_diff import AnswerComparison, compute_behaviour_diff
from theseus_rehearsal.records import Script

from bot.ports.work_queue import WorkQueue

T = TypeVar("T")


async def compare_commits(
    work: WorkQueue, base: str, head: str, scripts: Sequence[Script]
) -> BehaviourDiff:
    """Run scripts with two commits, and return what changes from base to head.

    Each script is run with base and with head, and with base again if the two runs differ. A
    difference between the two runs of base is random and does not count. Raises `RehearsalError`
    if nothing can be run.
    """
    if not scripts:
        return BehaviourDiff()
    async with work.open(base) as older, work.open(head) as newer:
        both = [run.replay(script) for script in scripts for run in (older, newer)]
        played = await _run_all(both)
        before, after = played[::2], played[1::2]
        pairs = zip(scripts, before, after, strict=True)
        repeats = iter(
            await _run_all(older.replay(script) for script, one, other in pairs if one != other)
        )
    comparisons = [
        AnswerComparison(script, one, one if one == other else next(repeats), other)
        for script, one, other in zip(scripts, before, after, strict=True)
    ]
    if all(each.base.trouble for each in comparisons):
        return BehaviourDiff(
            unplayed=f"the older commit cannot be played: {comparisons[0].base.trouble}"
        )
    return compute_behaviour_diff(comparisons)


async def _run_all(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Return all results; after the first error, cancel the other calls and wait for them."""
    tasks = [asyncio.ensure_future(each) for each in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
