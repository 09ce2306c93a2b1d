"""A process ends soon after its event loop, whatever threads are left."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import asyncio, sys, threading
import aiosqlite
from bot.infra.loop_end import run_until_end

async def main():
    {main}

run_until_end(main(), seconds=0.2)
"""
STUCK = "threading.Thread(target=threading.Event().wait, name='stuck').start()"
DATABASE = "sys.database = await aiosqlite.connect(':memory:')"
EXIT = "asyncio.get_running_loop().call_soon(sys.exit, 0); await asyncio.Event().wait()"


@pytest.mark.parametrize(
    ("main", "code"),
    [
        ("pass", 0),
        (STUCK, 0),
        (f"{STUCK}; raise ValueError", 1),
        (EXIT, 1),
        (f"{DATABASE}; {EXIT}", 1),
        (f"{STUCK}; asyncio.get_running_loop().stop(); await asyncio.Event().wait()", 1),
        (f"asyncio.get_running_loop().run_in_executor(None, threading.Event().wait); {EXIT}", 1),
    ],
)
def test_a_process_ends_soon_after_its_event_loop(main: str, code: int) -> None:
    program = PROGRAM.format(main=main)
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, timeout=60, capture_output=True, text=True
    )
    assert ended.returncode == code, ended.stderr
    stuck = any(each in main for each in ("stuck", "executor", "database"))
    assert ("Threads that were left: MainThread" in ended.stderr) == stuck
    if main.endswith(EXIT):
        assert "A callback ended the event loop: SystemExit(0)" in ended.stdout + ended.stderr
