"""A GitHub on this machine with its own clock, and a client that calls it directly."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.fake_clock import FakeClock
from tests.twins.github import GithubTwin
from tests.twins.github.client import Client


@pytest.fixture
async def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def twin(tmp_path: Path, clock: FakeClock) -> AsyncIterator[GithubTwin]:
    async with GithubTwin(tmp_path, now=clock.now) as twin:
        yield twin


@pytest.fixture
async def client(twin: GithubTwin) -> AsyncIterator[Client]:
    async with Client(twin) as client:
        yield client
