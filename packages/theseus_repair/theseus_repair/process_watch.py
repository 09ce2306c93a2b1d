"""Finds the test programs that run below this process, from /proc (Linux only; otherwise none).

Needed for commands that set `PYTHONPATH` themselves, so that our `sitecustomize` is not imported.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from theseus_repair._test_start import parse_test_arguments

BETWEEN = (
    0.01  # seconds between checks; importing pytest takes much longer, so no test program is missed
)


async def watch_for_tests(mark: str, found: list[dict[str, Any]]) -> None:
    """Add each test program that carries the mark to `found`, until cancelled.

    The entries are like those of `_test_start.note_test_start`. A test program that another test
    program started is left out.
    """
    seen: set[int] = set()
    while True:
        for pid in _find_tests_below(os.getpid()):
            if pid not in seen:
                with suppress(OSError, LookupError):  # the process may have ended meanwhile
                    started = _describe_process(pid)
                    seen.add(pid)
                    if started["environment"].get("THESEUS_REPAIR") == mark:
                        found.append(started)
        await asyncio.sleep(BETWEEN)


def _find_tests_below(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            if parse_test_arguments(_read_texts(child, "cmdline")[1:]):
                yield child
            else:
                yield from _find_tests_below(child)


def _describe_process(pid: int) -> dict[str, Any]:
    words = _read_texts(pid, "cmdline")
    environment = dict(each.split("=", 1) for each in _read_texts(pid, "environ") if "=" in each)
    folder = str(Path(f"/proc/{pid}/cwd").readlink())
    named = words[0] if "/" in words[0] else shutil.which(words[0], path=environment.get("PATH"))
    return {
        "python": str(Path(folder, named or words[0])),
        "words": parse_test_arguments(words[1:]),
        "folder": folder,
        "environment": environment,
    }


def _read_texts(pid: int, name: str) -> list[str]:
    """Return the null-separated texts of a process's file; empty if the process has ended."""
    data = Path(f"/proc/{pid}/{name}").read_bytes()
    return data.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
