"""A state folder is one process's; who is about to leave it is waited for."""

import asyncio
import json
import socket
import stat
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.app.state_lock import StateHeld, hold, hold_when_free
from bot.app.supervision import Supervision, open_supervision
from bot.domain.errors import ConfigError
from bot.infra.supervisor_channel import ControlEnd
from bot.supervisor.messages import format_message

NOT_AT_ALL = -60.0  # seconds to drain, which leaves none to wait


async def test_who_is_about_to_end_is_waited_for(tmp_path: Path) -> None:
    with hold(tmp_path) as before:
        async with AsyncExitStack() as stack:
            waiting = asyncio.create_task(hold_when_free(tmp_path, stack, 20, Supervision()))
            done, _ = await asyncio.wait({waiting}, timeout=0.3)
            assert not done
            before.release()
            assert await waiting is not None
            with pytest.raises(StateHeld), hold(tmp_path):
                pass
    with hold(tmp_path):  # which the stack's end has let go of
        pass


async def test_who_stays_is_named_with_the_way_out(tmp_path: Path) -> None:
    with hold(tmp_path):
        async with AsyncExitStack() as stack:
            with pytest.raises(ConfigError, match=r"Another Theseus runs on .* Stop it first"):
                await hold_when_free(tmp_path, stack, NOT_AT_ALL, Supervision())


@pytest.mark.parametrize("order", ["stop", "retire", None])
async def test_whoever_waits_can_be_stopped_and_says_that_it_waits(
    tmp_path: Path, order: str | None
) -> None:
    ours, theirs = socket.socketpair()
    with ours, hold(tmp_path):
        end = ControlEnd(theirs, terminal=False)
        async with open_supervision(end) as supervision, AsyncExitStack() as stack:
            waiting = asyncio.create_task(hold_when_free(tmp_path, stack, 20, supervision))
            said = await asyncio.to_thread(ours.recv, 65536)
            assert json.loads(said.splitlines()[0]) == {"type": "waiting"}
            if order is None:
                ours.close()  # the supervisor is gone
            else:
                ours.sendall(format_message(order))
            assert await waiting is None


async def test_that_it_is_not_to_be_had_is_told_apart_from_a_fault(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, hold(tmp_path):
        end = ControlEnd(theirs, terminal=False)
        async with open_supervision(end) as supervision, AsyncExitStack() as stack:
            with pytest.raises(StateHeld):
                await hold_when_free(tmp_path, stack, NOT_AT_ALL, supervision)
        said = await asyncio.to_thread(ours.recv, 65536)
        assert json.loads(said) == {"type": "held"}


def test_nobody_else_gets_into_a_state_folder_that_was_open(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    with hold(state):
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
