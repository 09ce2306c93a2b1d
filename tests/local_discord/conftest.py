"""The fixtures of the package, and a browser."""

from collections.abc import AsyncIterator

import pytest_asyncio
from local_discord_tests.fixtures import alice, bot, local, mallory, module_bot, module_local

__all__ = ["alice", "bot", "browser", "local", "mallory", "module_bot", "module_local"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[object]:
    """Start one browser; each visit has a profile of its own."""
    from tests.support.browser import launch_chromium  # may be missing: the others run without it

    async with launch_chromium() as running:
        yield running
