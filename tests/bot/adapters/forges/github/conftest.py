"""The room every test here begins in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.forges.github import GithubForge
from tests.bot.adapters.forges.github.room import Room, room_on


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """Return a room with a twin."""
    async with room_on(tmp_path) as room:
        yield room


@pytest.fixture
async def forge(room: Room) -> AsyncIterator[GithubForge]:
    """Return a forge on the room's twin."""
    async with room.forge() as forge:
        yield forge
