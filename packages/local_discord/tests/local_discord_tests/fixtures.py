"""One local Discord a module, reset before each test; bots and people are opened by the tests.

A module that uses it runs in one event loop: it says `pytest.mark.asyncio(loop_scope="module")`.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.people import RESPONSE_LIMIT, people
from local_discord_tests.sample_bot import SampleBot, run_bot


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_local() -> AsyncIterator[LocalDiscord]:
    server = LocalDiscord(people(), token="local-token", response_seconds=RESPONSE_LIMIT)
    async with server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def local(module_local: LocalDiscord) -> LocalDiscord:
    module_local.reset()
    return module_local


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_bot(module_local: LocalDiscord) -> AsyncIterator[SampleBot]:
    async with run_bot(SampleBot(), module_local) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def bot(module_bot: SampleBot, local: LocalDiscord) -> SampleBot:
    """Give a bot that stays online for the module: all tests of such a module have it there."""
    settled = asyncio.create_task(module_bot.wait_for("guild_available", timeout=10))
    await asyncio.sleep(0)
    local.reset()
    await settled  # whatever an earlier test had it told came before that
    module_bot.forget()
    return module_bot


@pytest_asyncio.fixture(loop_scope="module")
async def alice(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "alice") as person:
        yield person


@pytest_asyncio.fixture(loop_scope="module")
async def mallory(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "mallory") as person:
        yield person
