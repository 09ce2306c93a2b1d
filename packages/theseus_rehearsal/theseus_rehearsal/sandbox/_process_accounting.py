"""Reads the live processes below a child from /proc; there are none if /proc is missing."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LONGEST_STAT = 2048  # bytes: some 50 numbers and a short name


def is_supported() -> bool:
    """Return whether this system lists processes in /proc."""
    return (_PROC / "self" / "stat").exists()


class Resident(NamedTuple):
    """One live process. `resident` is in bytes; pages shared with others count in full."""

    pid: int
    parent: int
    session: int
    resident: int


def _iterate_residents() -> Iterator[Resident]:
    # Every running command does this several times a second, for each process of the machine.
    for name in os.listdir(_PROC) if _PROC.is_dir() else ():  # noqa: PTH208
        if not name.isdigit():
            continue
        try:
            descriptor = os.open(f"{_PROC}/{name}/stat", os.O_RDONLY)
        except OSError:
            continue
        try:
            stat = os.read(descriptor, _LONGEST_STAT)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        # The name in parentheses may contain anything; after the last ")" there are only numbers.
        fields = stat.rpartition(b")")[2].split(None, 22)
        if len(fields) > 21 and fields[0] not in b"ZX":
            yield Resident(int(name), int(fields[1]), int(fields[3]), int(fields[21]) * _PAGE)


def list_family(root: int) -> list[Resident]:
    """Return `root`, its live descendants, and all processes of its session."""
    processes = list(_iterate_residents())
    members = {root}
    grown = True
    while grown:
        size = len(members)
        members.update(
            process.pid
            for process in processes
            if process.parent in members or process.session == root
        )
        grown = len(members) > size
    return [process for process in processes if process.pid in members]


def sum_memory(members: list[Resident], enough: int) -> int:
    """Return the bytes that `members` hold together, looking closely only if over `enough`.

    Forked children share nearly everything with their parent, so where the quick sum is over
    `enough`, shared pages are divided among their users (PSS), which takes the kernel longer.
    """
    quick = sum(process.resident for process in members)
    if quick <= enough:
        return quick
    return sum(_get_proportional_size(process) for process in members)


def _get_proportional_size(who: Resident) -> int:
    try:
        rollup = (_PROC / str(who.pid) / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:  # it has ended, or we may not read it
        return 0 if not (_PROC / str(who.pid)).exists() else who.resident
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(match[1]) * 1024 if match else who.resident


def find_marked(mark: str) -> list[int]:
    """Return the live processes whose initial environment contained `mark` (`KEY=value`)."""
    entry = mark.encode()
    pids = []
    for process in _iterate_residents():
        try:
            environment = (_PROC / str(process.pid) / "environ").read_bytes()
        except OSError:
            continue
        if entry in environment.split(b"\0"):
            pids.append(process.pid)
    return pids
