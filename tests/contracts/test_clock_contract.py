"""What every clock promises, on the fake and on the machine's own."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta

import pytest

from bot.adapters.system_clock import SystemClock
from bot.ports.clock import Clock
from tests.fakes.fake_clock import FakeClock

Pass = Callable[[float], Coroutine[None, None, None]]


@pytest.fixture(params=["fake", "system"])
def clock_and_pass(request: pytest.FixtureRequest) -> tuple[Clock, Pass]:
    """Return the clock and a way to let time pass on it."""
    if request.param == "fake":
        fake = FakeClock()
        return fake, fake.advance
    return SystemClock(), asyncio.sleep


async def test_now_is_in_utc(clock_and_pass: tuple[Clock, Pass]) -> None:
    clock, _ = clock_and_pass
    assert clock.now().utcoffset() == timedelta(0)


async def test_both_readings_move_together(clock_and_pass: tuple[Clock, Pass]) -> None:
    clock, let_pass = clock_and_pass
    now, monotonic = clock.now(), clock.monotonic()
    await let_pass(0.05)
    assert clock.now() - now >= timedelta(seconds=0.04)
    assert clock.monotonic() - monotonic >= 0.04


async def test_sleep_lasts_at_least_as_long_as_asked(clock_and_pass: tuple[Clock, Pass]) -> None:
    clock, let_pass = clock_and_pass
    start = clock.monotonic()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        sleeper = group.create_task(clock.sleep(0.05))
        group.create_task(let_pass(0.06))
        await sleeper
        assert clock.monotonic() - start >= 0.049


async def test_sleepers_wake_in_the_order_they_are_due(clock_and_pass: tuple[Clock, Pass]) -> None:
    clock, let_pass = clock_and_pass
    woken: list[str] = []

    async def doze(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for name, seconds in (("late", 0.12), ("soon", 0.02), ("middle", 0.07)):
            group.create_task(doze(name, seconds))
        group.create_task(let_pass(0.2))
    assert woken == ["soon", "middle", "late"]


async def test_a_sleep_of_nothing_lets_others_run(clock_and_pass: tuple[Clock, Pass]) -> None:
    clock, _ = clock_and_pass
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    await clock.sleep(0)
    assert ran.is_set()


async def test_a_sleep_can_be_cancelled(clock_and_pass: tuple[Clock, Pass]) -> None:
    clock, let_pass = clock_and_pass
    sleeper = asyncio.ensure_future(clock.sleep(3600))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    await let_pass(0.01)


async def test_a_loop_turns_as_often_as_time_allows_on_the_fake() -> None:
    clock = FakeClock()
    turns: list[float] = []

    async def turn() -> None:
        while True:
            await clock.sleep(1)
            turns.append(clock.monotonic())

    turning = asyncio.ensure_future(turn())
    await clock.wait_until_asleep()
    await clock.advance(3.5)
    turning.cancel()
    assert turns == [1, 2, 3]
    assert clock.monotonic() == 3.5


async def test_time_that_is_moved_by_two_at_once_never_goes_back() -> None:
    clock = FakeClock()
    advancing = asyncio.create_task(clock.advance(1))
    await asyncio.sleep(0)
    clock.tick(60)
    await advancing
    assert clock.monotonic() == 60
