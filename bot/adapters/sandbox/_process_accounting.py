"""Who lives below a child process, read from /proc. Empty where there is no /proc."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def is_supported() -> bool:
    """Whether this system shows who lives."""
    return (_PROC / "self" / "stat").exists()


@dataclass(frozen=True)
class Resident:
    """One live process. `resident` is in bytes; pages shared with others count in full."""

    pid: int
    parent: int
    session: int
    resident: int


def _iterate_residents() -> Iterator[Resident]:
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        # The name, in parentheses, may hold anything; what follows its last ")" is numbers.
        fields = stat.rpartition(")")[2].split()
        if len(fields) > 21 and fields[0] not in "ZX":
            yield Resident(int(entry.name), int(fields[1]), int(fields[3]), int(fields[21]) * _PAGE)


def list_family(root: int) -> list[Resident]:
    """Return `root`, its live descendants, and whoever shares its session."""
    everyone = list(_iterate_residents())
    members = {root}
    grown = True
    while grown:
        size = len(members)
        members.update(who.pid for who in everyone if who.parent in members or who.session == root)
        grown = len(members) > size
    return [who for who in everyone if who.pid in members]


def sum_memory(members: list[Resident], enough: int) -> int:
    """Return the bytes that `members` hold together, looking closely only if over `enough`.

    Forked children share nearly everything with their parent, so where the quick sum is over
    `enough`, shared pages are divided among their users (PSS), which takes the kernel longer.
    """
    quick = sum(who.resident for who in members)
    if quick <= enough:
        return quick
    return sum(_get_proportional_size(who) for who in members)


def _get_proportional_size(who: Resident) -> int:
    try:
        rollup = (_PROC / str(who.pid) / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:  # gone, or not ours to look at
        return 0 if not (_PROC / str(who.pid)).exists() else who.resident
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else who.resident


def find_marked(mark: str) -> list[int]:
    """Return the live processes whose environment at their start held `mark` (`KEY=value`)."""
    wanted = mark.encode()
    found = []
    for who in _iterate_residents():
        try:
            environment = (_PROC / str(who.pid) / "environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0"):
            found.append(who.pid)
    return found
