"""Which processes are left of something."""

import os
from pathlib import Path


def list_processes(folder: Path) -> list[int]:
    """Return processes whose working folder is the folder or below; empty without /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            place = (entry / "cwd").resolve()
        except OSError:
            continue
        if place.is_relative_to(folder) and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return [pid for pid in found if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
