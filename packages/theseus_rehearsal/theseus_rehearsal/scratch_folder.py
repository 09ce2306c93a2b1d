"""Temporary folders of coroutines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@asynccontextmanager
async def open_scratch_folder(prefix: str) -> AsyncIterator[Path]:
    """Make a temporary folder, and remove it in a thread.

    Removing a copy of a repository takes seconds on a busy disk; meanwhile the event loop would
    answer nobody, and Discord would end the connection.
    """
    folder = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    try:
        yield Path(folder.name)
    finally:
        await asyncio.to_thread(folder.cleanup)
