"""Temporary folders whose removal does not hold up the event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


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
        await _wait_for_removal(asyncio.ensure_future(asyncio.to_thread(folder.cleanup)))


async def _wait_for_removal(removal: asyncio.Future[None]) -> None:
    cancelled: asyncio.CancelledError | None = None
    while not removal.done():
        try:
            await asyncio.wait([removal])
        except asyncio.CancelledError as error:
            cancelled = error
    removal.result()
    if cancelled is not None:
        raise cancelled
