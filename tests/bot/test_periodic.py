"""What is done again and again: when its turns come, what a failed one means, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

import pytest
import structlog

from bot.domain.errors import ForgeError, StoreError, TheseusError
from bot.periodic import compute_delay, log_tracebacks, log_warnings, run_periodically
from tests.fakes.fake_clock import FakeClock

_log = structlog.stdlib.get_logger("tests.periodic")


class CountedTurns:
    """Notes when each turn came; fails with what it is given, one error a turn."""

    def __init__(self, clock: FakeClock, *errors: Exception | None) -> None:
        self.clock = clock
        self.at: list[float] = []
        self.errors = list(errors)
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> None:
        self.at.append(self.clock.monotonic())
        await self.gate.wait()
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error


@asynccontextmanager
async def going(work: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        work.cancel()
        await asyncio.wait({work})


async def test_the_first_turn_comes_at_once_and_the_others_after_the_interval() -> None:
    clock = FakeClock()
    turns = CountedTurns(clock)
    async with going(asyncio.create_task(run_periodically(turns, clock, 10.0))):
        await clock.advance(25)
    assert turns.at == [0, 10, 20]


async def test_the_first_turn_may_come_later_and_the_interval_may_change() -> None:
    clock = FakeClock()
    turns = CountedTurns(clock)
    work = run_periodically(turns, clock, lambda: 5.0 * len(turns.at), first_after=3.0)
    async with going(asyncio.create_task(work)):
        await clock.advance(20)
    assert turns.at == [3, 8, 18]


async def test_a_failed_turn_is_told_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    turns = CountedTurns(clock, StoreError("the disk is full"))
    work = run_periodically(turns, clock, 10.0, failed=log_warnings(_log, "nothing was kept"))
    async with going(asyncio.create_task(work)):
        await clock.advance(10)
    assert turns.at == [0, 10]
    assert [record.getMessage() for record in caplog.records] == [
        "nothing was kept: the disk is full"
    ]


async def test_where_a_turn_failed_is_logged_if_that_is_wanted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    turns = CountedTurns(clock, StoreError("the disk is full"))
    work = run_periodically(turns, clock, 10.0, failed=log_tracebacks(_log, "not looked at"))
    async with going(asyncio.create_task(work)):
        await clock.advance(1)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("ERROR", "not looked at")
    assert record.exc_info is not None and "the disk is full" in str(record.exc_info[1])


async def test_turns_that_go_on_failing_come_less_often_until_one_succeeds() -> None:
    clock = FakeClock()
    turns = CountedTurns(clock, *(StoreError("the disk is full") for _ in range(7)))
    work = run_periodically(turns, clock, 5.0, failed=log_warnings(_log, "nothing was kept"))
    async with going(asyncio.create_task(work)):
        await clock.advance(220)
    assert turns.at == [0, 5, 15, 35, 75, 135, 195, 255][:7]


async def test_a_pause_over_a_minute_does_not_grow_and_none_is_shortened() -> None:
    assert [compute_delay(300.0, failures) for failures in (0, 1, 5)] == [300, 300, 300]
    assert compute_delay(inf, 3) == inf
    assert compute_delay(1.0, 1_000) == 60


@pytest.mark.parametrize("error", [ForgeError("gone"), ZeroDivisionError()])
async def test_what_is_not_tolerated_comes_out(error: Exception) -> None:
    clock, told = FakeClock(), list[TheseusError]()
    turns = CountedTurns(clock, error)
    with pytest.raises(type(error)):
        await run_periodically(turns, clock, 10.0, tolerated=StoreError, failed=told.append)
    assert told == []


async def test_every_error_comes_out_where_nothing_is_to_be_told() -> None:
    clock = FakeClock()
    with pytest.raises(StoreError):
        await run_periodically(CountedTurns(clock, StoreError("full")), clock, 10.0)


async def test_whoever_wakes_it_need_not_wait_and_no_two_turns_run_at_a_time() -> None:
    clock, wake = FakeClock(), asyncio.Event()
    turns = CountedTurns(clock)
    async with going(asyncio.create_task(run_periodically(turns, clock, 10.0, wake=wake))):
        await clock.advance(4)
        turns.gate.clear()
        wake.set()
        await clock.advance(1)
        wake.set()
        await clock.advance(1)
        assert turns.at == [0, 4]
        turns.gate.set()
        await clock.advance(1)
        assert turns.at == [0, 4, 6]
        await clock.advance(9)
        assert turns.at == [0, 4, 6, 16]


async def test_without_an_interval_it_waits_until_it_is_woken() -> None:
    clock, wake = FakeClock(), asyncio.Event()
    turns = CountedTurns(clock)
    work = run_periodically(turns, clock, inf, first_after=inf, wake=wake)
    async with going(asyncio.create_task(work)):
        await clock.advance(1_000)
        assert turns.at == []
        wake.set()
        await clock.advance(1_000)
        assert turns.at == [1_000]


@pytest.mark.parametrize("wakeable", [False, True])
async def test_cancelled_it_ends_at_once_and_leaves_nothing_behind(*, wakeable: bool) -> None:
    clock = FakeClock()
    wake = asyncio.Event() if wakeable else None
    work = asyncio.create_task(run_periodically(CountedTurns(clock), clock, 10.0, wake=wake))
    await clock.advance(5)
    work.cancel()
    await asyncio.wait({work})
    await asyncio.sleep(0)
    assert work.cancelled()
    assert clock.sleepers == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
