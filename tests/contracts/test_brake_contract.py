"""What every brake promises, on the fake and on the file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.file_brake import FileBrake
from bot.domain.people import Person
from bot.domain.stop import Stop
from bot.ports.brake import Brake
from tests.fakes.fake_brake import FakeBrake

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
STOP = Stop(how="slash", at=AT, by=Person(id=2**60, name="alice ☂"), why="it runs wild")
OTHER = Stop(how="signal", at=AT)


@pytest.fixture(params=["fake", "file"])
def brake(request: pytest.FixtureRequest, tmp_path: Path) -> Brake:
    """Return a brake that nobody has pulled."""
    return FakeBrake() if request.param == "fake" else FileBrake(tmp_path / "state" / "STOP")


async def test_nothing_stands_before_it_is_pulled(brake: Brake) -> None:
    assert await brake.standing() is None


async def test_what_was_pulled_stands_as_it_was(brake: Brake) -> None:
    assert await brake.pull(STOP) == STOP
    assert await brake.standing() == STOP


async def test_the_first_stop_stays(brake: Brake) -> None:
    await brake.pull(STOP)
    assert await brake.pull(OTHER) == STOP
    assert await brake.standing() == STOP


async def test_of_many_at_once_one_stays_and_everybody_is_told_which(brake: Brake) -> None:
    stops = [Stop(how="text", at=AT, why=str(number)) for number in range(20)]
    told = await asyncio.gather(*(brake.pull(stop) for stop in stops))
    assert set(told) == {await brake.standing()}


async def test_lifted_it_is_gone_and_again_is_harmless(brake: Brake) -> None:
    await brake.lift()
    await brake.pull(STOP)
    await brake.lift()
    await brake.lift()
    assert await brake.standing() is None
    assert await brake.pull(OTHER) == OTHER
