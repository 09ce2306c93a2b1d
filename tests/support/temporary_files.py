"""Where tests write: into memory where there is room, so that none of them waits for a disk."""

import os
import re
import tempfile
from pathlib import Path

NEEDED = 4 << 30  # bytes, some times what all tests at once have lying about


def use_memory() -> None:
    """Keep temporary files of this process and its children in memory, unless `TMPDIR` is set."""
    folder = None if "TMPDIR" in os.environ else find_memory_folder()
    if folder is not None:
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None  # otherwise the earlier result would stay cached


def find_memory_folder(
    folder: Path = Path("/dev/shm"),
    memory: Path = Path("/proc/meminfo"),
) -> Path | None:
    """Return this machine's folder in memory; `None` where tests do not fit into it.

    It is Linux that has one. A container's is small, and no program can be started from it.
    """
    try:
        disk, told = os.statvfs(folder), memory.read_text()
    except OSError:
        return None
    available = re.search(r"^MemAvailable: +(\d+) kB$", told, re.MULTILINE)
    room = min(disk.f_bavail * disk.f_frsize, int(available[1]) << 10 if available else 0)
    runs = not disk.f_flag & os.ST_NOEXEC and os.access(folder, os.W_OK)
    return folder if runs and room >= NEEDED else None
