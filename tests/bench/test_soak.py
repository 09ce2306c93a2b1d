"""The clock of a soak wakes who is due, and goes on in the next process; growth is judged."""

import asyncio
from pathlib import Path

from bench.soak_bounds import find_bound
from bench.soak_measures import judge_growth
from bench.virtual_clock import VirtualClock


async def test_a_jump_wakes_those_who_are_due_and_no_others(tmp_path: Path) -> None:
    clock = VirtualClock(tmp_path / "clock")
    soon, late = (asyncio.create_task(clock.sleep(hours * 3600)) for hours in (1, 9))
    await asyncio.sleep(0)
    start = clock.now()
    clock.jump(2 * 3600)
    await soon
    assert not late.done()
    assert (clock.now() - start).total_seconds() >= 2 * 3600
    assert VirtualClock(tmp_path / "clock").ahead == clock.ahead
    clock.jump(7 * 3600)
    await late


def test_what_grows_faster_than_it_may_is_named() -> None:
    days = [
        {"worktrees": float(day), "threads": 25.0, "files in journal/": day} for day in range(12)
    ]
    found = judge_growth(days, find_bound)
    assert [each.name for each in found if not each.is_within] == ["worktrees"]
    assert "| worktrees | 0 | 11 | 11 | +1 |" in next(
        each.line for each in found if each.name == "worktrees"
    )


def test_only_the_last_days_count() -> None:
    days = [{"open files": float(min(day, 5))} for day in range(20)]
    (growth,) = judge_growth(days, find_bound)
    assert growth.is_within
