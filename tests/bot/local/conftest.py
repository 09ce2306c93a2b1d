"""A local Discord for every test; bots and people are opened by the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

with suppress(ModuleNotFoundError):  # of an extra: the tests that need it are skipped
    from bot.local.person import Person
    from bot.local.server import LocalDiscord, LocalPerson


def people() -> tuple[LocalPerson, ...]:
    """Return who is there when the test begins."""
    return (
        LocalPerson("alice", listed=True, roles=("approvers",)),
        LocalPerson("bob", listed=True),
        LocalPerson("mallory", listed=False),
    )


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(people(), token="local-token") as server:
        yield server


@pytest.fixture
async def alice(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "alice") as person:
        yield person


@pytest.fixture
async def mallory(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "mallory") as person:
        yield person
