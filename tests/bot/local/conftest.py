"""A local Discord for every test; bots and people are opened by the tests."""

from collections.abc import AsyncIterator

import pytest

from bot.local.person import Person
from bot.local.server import LocalDiscord, LocalPerson

PEOPLE = (
    LocalPerson("alice", listed=True, roles=("approvers",)),
    LocalPerson("bob", listed=True),
    LocalPerson("mallory", listed=False),
)


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(PEOPLE, token="local-token") as server:
        yield server


@pytest.fixture
async def alice(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "alice") as person:
        yield person


@pytest.fixture
async def mallory(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "mallory") as person:
        yield person
