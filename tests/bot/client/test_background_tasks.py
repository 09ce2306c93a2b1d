"""Unnoticed failures of background tasks, and tasks that belong to no cog."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import discord
import pytest
from theseus_observe.project_code import ProjectCode

from bot.client._audience import AudienceFinder
from bot.client._background_tasks import BackgroundTasks
from bot.client._component_errors import ComponentFailures
from bot.client._instrumentation import Instruments
from bot.client._task_factory import OBSERVER
from bot.telemetry import Recorder
from bot.telemetry.observation import CORE
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

UNHANDLED = 0.2
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
async def tasks(journal: FakeJournal) -> AsyncIterator[BackgroundTasks]:
    clock = FakeClock()
    recorder = Recorder(journal, clock, ROOT, b"s" * 32, lambda: None)
    client = discord.Client(intents=discord.Intents.none())
    instruments = Instruments(recorder, clock, AudienceFinder(client, dev_channel_id=0))
    components = ComponentFailures(client, instruments)
    yield BackgroundTasks(
        ProjectCode(ROOT, CORE), instruments, components, unhandled_seconds=UNHANDLED
    )


async def fail() -> None:
    raise LookupError("nobody waits")


async def wait_for_checks() -> None:
    """Wait until every failure was checked that there was until now."""
    for _ in range(20):  # turns of the loop: the tasks fail first, and their checks are set
        await asyncio.sleep(0)
    checked = asyncio.Event()
    # Set after these checks, the timer ends after them, however busy the machine is.
    asyncio.get_running_loop().call_later(UNHANDLED, checked.set)
    await checked.wait()


async def test_a_failed_task_that_its_cog_holds_on_to_is_recorded(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    held = asyncio.create_task(fail(), name="feed")
    await wait_for_checks()
    (action,) = journal.actions
    assert action.event == "task.fail"
    assert action.error is not None
    assert action.error.inputs["task"] == "'feed'"
    with pytest.raises(LookupError):
        await held


async def test_a_failure_without_a_line_of_a_cog_is_named_after_who_began_it(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()

    def begin() -> asyncio.Task[object]:
        return asyncio.create_task(asyncio.wait_for(asyncio.Event().wait(), 0))

    held = begin()
    await wait_for_checks()
    assert held.done()
    (action,) = journal.actions
    name = test_a_failure_without_a_line_of_a_cog_is_named_after_who_began_it.__name__
    assert action.event == f"task.{name}.begin.wait_for"


async def test_a_failure_that_is_looked_at_in_time_is_not_recorded(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    assert isinstance(task.exception(), LookupError)
    await wait_for_checks()
    assert not journal.actions


async def test_a_gather_that_somebody_waits_for_is_not_recorded(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    results = await asyncio.gather(fail(), fail(), return_exceptions=True)
    with pytest.raises(LookupError):
        await asyncio.gather(fail(), asyncio.sleep(0))
    await wait_for_checks()
    assert len(results) == 2
    assert not journal.actions


@pytest.mark.parametrize("return_exceptions", [True, False])
async def test_every_failure_of_an_abandoned_gather_is_recorded(
    tasks: BackgroundTasks, journal: FakeJournal, return_exceptions: bool
) -> None:
    tasks.attach()
    held = asyncio.gather(fail(), fail(), asyncio.sleep(0), return_exceptions=return_exceptions)
    await wait_for_checks()
    assert [each.event for each in journal.actions] == ["task.fail", "task.fail"]
    del held
    gc.collect()
    await wait_for_checks()
    assert len(journal.actions) == 2


async def test_tasks_are_those_of_the_module_that_made_them(tasks: BackgroundTasks) -> None:
    tasks.attach()
    ours = asyncio.create_task(asyncio.Event().wait())
    inner = asyncio.ensure_future(asyncio.Event().wait())
    assert set(tasks.collect(__name__)) == {ours, inner}
    assert set(tasks.collect("tests.bot.client")) == {ours, inner}
    assert tasks.collect("tests.bot.client.test_back") == ()
    assert await tasks.cancel(tasks.collect(__name__)) == ()
    assert ours.cancelled()
    assert inner.cancelled()


async def test_tasks_outside_of_a_client_are_left_alone(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    OBSERVER.set(None)
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await wait_for_checks()
    assert tasks.collect(__name__) == ()
    assert not journal.actions
    assert isinstance(task.exception(), LookupError)


def fail_in_thread() -> None:
    raise KeyError("nobody waits")


@pytest.mark.parametrize("has_client", [True, False], ids=["in a client", "in no context"])
async def test_a_call_in_a_thread_that_nobody_waits_for_is_recorded_once(
    tasks: BackgroundTasks, journal: FakeJournal, has_client: bool
) -> None:
    tasks.attach()
    tasks.attach()
    if not has_client:
        OBSERVER.set(None)
    await abandon_in_thread(fail_in_thread)
    (action,) = journal.actions
    assert action.event == "task.fail_in_thread"
    assert action.error is not None
    assert action.error.exception == "KeyError"
    assert action.error.frames[-1].file == "tests/bot/client/test_background_tasks.py"


async def test_a_call_of_other_code_in_a_thread_is_not_recorded(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    await abandon_in_thread(json.loads, "no json")
    assert not journal.actions


async def test_a_call_in_a_thread_that_somebody_waits_for_is_not_recorded(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    with pytest.raises(KeyError):
        await asyncio.get_running_loop().run_in_executor(None, fail_in_thread)
    gc.collect()
    await wait_for_checks()
    assert not journal.actions


async def test_a_future_that_was_given_an_exception_of_a_cog_is_recorded(
    tasks: BackgroundTasks, journal: FakeJournal
) -> None:
    tasks.attach()
    future = asyncio.get_running_loop().create_future()
    try:
        fail_in_thread()
    except KeyError as error:
        future.set_exception(error)
    del future
    gc.collect()
    await wait_for_checks()
    (action,) = journal.actions
    assert action.error is not None
    assert action.error.frames[-1].function == "fail_in_thread"


async def abandon_in_thread(function: Callable[..., object], *arguments: object) -> None:
    """Call a function in a thread; return when its future was collected and reported."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        loop.run_in_executor(pool, function, *arguments)
        await asyncio.wrap_future(pool.submit(str))  # the one thread is done with the call
    gc.collect()
    await wait_for_checks()
