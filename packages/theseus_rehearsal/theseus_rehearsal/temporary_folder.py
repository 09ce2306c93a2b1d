"""Temporary folders whose removal does not hold up the event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from theseus_guard.completion import run_in_thread


@asynccontextmanager
async def open_temporary_folder(prefix: str) -> AsyncIterator[Path]:
    """Provide an empty folder, and remove it in a thread on exit.

    A tree has thousands of files; on a busy machine their removal takes more than ten seconds, in
    which a bot would answer nobody. A cancelled caller waits for it. What cannot be removed stays.
    """
    folder = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    try:
        yield Path(folder.name)
    finally:
        await run_in_thread(folder.cleanup)
