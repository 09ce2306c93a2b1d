"""A time limit counts what a command had, not what it waited for a processor."""

import asyncio
import os
import socket
from pathlib import Path

import pytest
from theseus_rehearsal.own_time import OwnTime, get_peer_pid, limit_own_time, read_wait_seconds


def test_time_that_a_process_waits_for_a_processor_does_not_count() -> None:
    waits = {1: 100.0, 2: 0.0}
    own = OwnTime(10.0, (1, 2), waits.__getitem__)
    own.count(12.0, (1, 2))
    assert own.seconds == 2.0
    waits[1] += 3.0
    own.count(16.0, (1, 2))
    assert own.seconds == 3.0
    waits[1] += 9.0
    waits[2] += 9.0
    own.count(20.0, (1, 2))  # both waited at once: no more than passed is taken off
    assert own.seconds == 3.0


def test_a_process_that_came_later_or_is_gone_takes_off_what_it_waited_itself() -> None:
    waits = {7: 2.0}
    own = OwnTime(0.0, (), lambda pid: waits.get(pid, 0.0))
    own.count(5.0, (7,))
    assert own.seconds == 3.0
    waits.clear()
    own.count(6.0, (7,))
    assert own.seconds == 4.0


def test_waiting_is_read_from_the_system_and_unknown_is_nothing(tmp_path: Path) -> None:
    told = tmp_path / "12" / "schedstat"
    told.parent.mkdir()
    told.write_text("1000 2500000000 7\n")
    assert read_wait_seconds(12, tmp_path) == 2.5
    told.write_text("strange\n")
    assert [read_wait_seconds(pid, tmp_path) for pid in (12, 13)] == [0.0, 0.0]


def test_the_process_at_the_other_end_of_a_socket_is_known() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert get_peer_pid(one) == os.getpid()
    assert get_peer_pid(None) == 0


async def test_a_block_that_only_sleeps_is_ended_and_a_quick_one_is_not() -> None:
    with pytest.raises(TimeoutError):
        async with limit_own_time(0.01, lambda: ()):
            await asyncio.Event().wait()
    async with limit_own_time(60.0, lambda: (os.getpid(),)):
        pass


async def test_however_long_it_waits_the_clock_ends_it() -> None:
    with pytest.raises(TimeoutError):
        async with limit_own_time(3600.0, lambda: (), at_most=0.01):
            await asyncio.Event().wait()
