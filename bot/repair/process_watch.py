"""Which test programs run below this process, as /proc tells (Linux only; elsewhere none).

For commands that set `PYTHONPATH` themselves: nothing that would say so is imported there.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.repair._test_start import test_words

BETWEEN = 0.01  # seconds; Python needs many times as long to import pytest


async def watch_for_tests(mark: str, found: list[dict[str, Any]]) -> None:
    """Add each test program that carries the mark to `found`, till cancelled.

    It is told as `_test_start.note_test_start` does. One that another test program started is left
    out.
    """
    seen: set[int] = set()
    while True:
        for pid in _tests_below(os.getpid()):
            if pid not in seen:
                with suppress(OSError, LookupError):  # it may have ended meanwhile
                    started = _told(pid)
                    seen.add(pid)
                    if started["environment"].get("THESEUS_REPAIR") == mark:
                        found.append(started)
        await asyncio.sleep(BETWEEN)


def _tests_below(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            if test_words(_texts(child, "cmdline")[1:]):
                yield child
            else:
                yield from _tests_below(child)


def _told(pid: int) -> dict[str, Any]:
    words = _texts(pid, "cmdline")
    environment = dict(each.split("=", 1) for each in _texts(pid, "environ") if "=" in each)
    folder = str(Path(f"/proc/{pid}/cwd").readlink())
    named = words[0] if "/" in words[0] else shutil.which(words[0], path=environment.get("PATH"))
    return {
        "python": str(Path(folder, named or words[0])),
        "words": test_words(words[1:]),
        "folder": folder,
        "environment": environment,
    }


def _texts(pid: int, name: str) -> list[str]:
    """Return the texts of a file of a process; of one that has ended, one that is empty."""
    data = Path(f"/proc/{pid}/{name}").read_bytes()
    return data.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
