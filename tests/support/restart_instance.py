"""Ends one `web_instance`, starts another: `python -m tests.support.restart_instance PORT FOLDER`.

As a service manager does: it waits for the end, and does not wait until the next one serves.
"""

import os
import select
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0


def stop_instance(port: int, folder: Path) -> None:
    """End the one at this port, if one serves there, and wait for its end."""
    file = folder / f"{port}.pid"
    if not file.exists():
        return
    handle = os.pidfd_open(int(file.read_text()))
    try:
        file.unlink()
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        select.select([handle], [], [], _PATIENCE)
    finally:
        os.close(handle)


def start_instance(port: int, folder: Path) -> int:
    """Start one, in a session of its own; return its process id."""
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "tests.support.web_instance", str(port), str(folder)],
        os.environ,
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)
        ],
    )


if __name__ == "__main__":
    at, where = int(sys.argv[1]), Path(sys.argv[2])
    stop_instance(at, where)
    start_instance(at, where)
