"""A local Discord and a folder of cogs for every test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.trust import trust_programs

from tests.support.live_client import Home, use_own_cogs


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    people = [LocalPerson("alice", listed=True), LocalPerson("bob", listed=False)]
    trust = trust_programs()
    async with LocalDiscord(people, token="local-token", page_token=trust) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with use_own_cogs(tmp_path) as home:
        yield home
