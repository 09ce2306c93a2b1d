"""The demo from an unpacked archive, and what the command line says when it cannot start."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from local_discord.person import Person

from tests.support.page_reader import get_text

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def _unpacked(folder: Path) -> Path:
    """Unpack an archive of this repository, or of its files where there is no git."""
    target = folder / "theseus"
    target.mkdir()
    archive = folder / "theseus.tar"
    done = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "-o", str(archive), "HEAD"],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("this is no git repository, so there is nothing to archive")
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(folder),
        "LC_ALL": "C.UTF-8",
    }


@asynccontextmanager
async def _demo(folder: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--no-browser", *options,
        cwd=folder, env=_environment(folder),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        found = re.search(r"http://127\.0\.0\.1:\d+", line.decode())
        if found:
            return found[0]
    raise AssertionError("the demo named no address")


async def test_the_demo_runs_from_an_unpacked_archive_without_git(tmp_path: Path) -> None:
    folder = await asyncio.to_thread(_unpacked, tmp_path)
    options = ("--port", "0", "--fault", "dice-percent")
    async with _demo(folder, *options) as process, asyncio.timeout(120):
        async with Person(await _address(process), "alice") as alice:
            await alice.wait_for_bot(90)
            fine = await alice.run("dev", "roll", dice="2d6")
            assert "failed" not in get_text(fine["message"])
            broken = await alice.run("dev", "roll", dice="d%")
            assert "failed with ValueError" in get_text(broken["message"])
        process.send_signal(signal.SIGTERM)
        await process.wait()
    assert process.returncode == 0


async def test_an_unknown_fault_is_named_with_those_there_are() -> None:
    async with _demo(ROOT, "--port", "0", "--fault", "nonsense") as process:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert re.match(r"theseus: --fault nonsense: .* Known: dice-top-face, .*none\.", err.decode())
    assert b"Traceback" not in out + err


async def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with _demo(ROOT, "--port", port, "--fault", "none") as process:
            out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert f"Port {port} cannot be used" in err.decode()
    assert "--port" in err.decode()
    assert b"Traceback" not in out + err
