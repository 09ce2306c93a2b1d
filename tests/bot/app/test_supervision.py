"""A bot process and its supervisor talk over a socket: orders become state of the process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app.supervision import Beginning, Supervision, open_supervision
from bot.infra.supervisor_channel import ControlEnd
from bot.supervisor.code_folders import import_paths
from bot.supervisor.messages import format_message


class SupervisorEnd:
    """The supervisor's end of the socket."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def order(self, kind: str, **fields: Any) -> None:
        """Send one order."""
        self._link.sendall(format_message(kind, **fields))


@asynccontextmanager
async def begun(
    folder: Path, **news: Any
) -> AsyncIterator[tuple[Supervision, SupervisorEnd, Beginning]]:
    """Open a process that was started with this news."""
    ours, theirs = socket.socketpair()
    with ours:
        end = SupervisorEnd(ours)
        end.order("start", news=news, commit="a" * 40)
        async with open_supervision(ControlEnd(theirs, terminal=False)) as supervision:
            beginning = await supervision.begin(folder, lambda _: None)
            assert beginning is not None
            following = asyncio.create_task(supervision.follow())
            try:
                yield supervision, end, beginning
            finally:
                following.cancel()
                await asyncio.wait([following])


@pytest.mark.parametrize("told", [True, False, None])
async def test_a_process_knows_whether_it_is_on_probation(
    tmp_path: Path, told: bool | None
) -> None:
    news = {} if told is None else {"on_probation": told}
    async with begun(tmp_path, **news) as (supervision, end, _):
        assert supervision.on_probation is (told is True)
        end.order("passed")
        end.order("freeze")
        await supervision.freeze.wait()
        assert supervision.on_probation is False


@pytest.mark.parametrize("before", ["", "/somewhere/else"])
def test_what_a_process_starts_does_not_import_from_its_code_folder(before: str) -> None:
    told = import_paths(Path("/state/cache/code/abc"), Path("/srv/theseus"), before)
    assert told["PYTHONPATH"].split(":")[:2] == ["/state/cache/code/abc", "/srv/theseus"]
    environment = {**told, "PATH": "/usr/bin"}
    assert ControlEnd.from_environment(environment) is None  # nobody is at the other end
    assert environment == {"PATH": "/usr/bin"} | ({"PYTHONPATH": before} if before else {})


def test_a_process_without_a_supervisor_keeps_its_import_paths() -> None:
    environment = {"PYTHONPATH": "/somewhere"}
    assert ControlEnd.from_environment(environment) is None
    assert environment == {"PYTHONPATH": "/somewhere"}
