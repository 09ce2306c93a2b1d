"""Blocking work in a thread: its errors arrive, and who is cancelled waits for its end."""

import asyncio
import threading

import pytest
from theseus_guard.completion import run_in_thread


async def test_a_cancelled_caller_waits_for_the_end_of_the_call() -> None:
    started, may_end = threading.Event(), threading.Event()
    ended: list[str] = []

    def work() -> None:
        started.set()
        assert may_end.wait(10)
        ended.append("ended")

    caller = asyncio.ensure_future(run_in_thread(work))
    assert await asyncio.to_thread(started.wait, 10)
    caller.cancel()
    await asyncio.sleep(0)
    caller.cancel()  # again is no way out either
    await asyncio.sleep(0)
    assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended == ["ended"]


async def test_errors_of_the_call_reach_the_caller() -> None:
    def fail() -> None:
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        await run_in_thread(fail)
