"""The demo as a program: it says why it ends, and a busy port before anything is copied."""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_SECONDS = 60.0


async def _demo(home: Path, *options: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--no-browser", "--engine", "offline", *options,
        stdout=PIPE, stderr=PIPE, env={"PATH": "/usr/bin:/bin", "TMPDIR": str(home)},
    )  # fmt: skip


def _left(home: Path) -> list[str]:
    return [each.name for each in home.glob("theseus-demo-*")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_while_it_copies_ends_it_with_the_reason_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = await _demo(tmp_path, "--port", "0")
    assert program.stdout is not None
    async with asyncio.timeout(_SECONDS):
        assert b"Making a private copy" in await program.stdout.readline()
        program.send_signal(number)
        rest, trouble = await program.communicate()
    assert f"Stopping, because of {number.name} (" in rest.decode(), trouble.decode()
    assert program.returncode == 0
    assert _left(tmp_path) == []


async def test_a_busy_port_is_reported_and_nothing_is_copied(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = await _demo(tmp_path, "--port", str(port))
        async with asyncio.timeout(_SECONDS):
            told, trouble = await program.communicate()
    assert program.returncode == 2
    assert f"Port {port} cannot be used" in trouble.decode()
    assert b"Making a private copy" not in told
    assert _left(tmp_path) == []
