"""What every kill switch promises, on the fake and on the file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.domain.people import Person
from bot.domain.stop import Stop
from bot.ports.kill_switch import KillSwitch
from tests.fakes.fake_kill_switch import FakeKillSwitch

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
STOP = Stop(how="slash", at=AT, by=Person(id=2**60, name="alice ☂"), why="it runs wild")
OTHER = Stop(how="signal", at=AT)


@pytest.fixture(params=["fake", "file"])
def kill_switch(request: pytest.FixtureRequest, tmp_path: Path) -> KillSwitch:
    """Return a kill switch that nobody has set."""
    return (
        FakeKillSwitch() if request.param == "fake" else FileKillSwitch(tmp_path / "state" / "STOP")
    )


async def test_nothing_stands_before_it_is_pulled(kill_switch: KillSwitch) -> None:
    assert await kill_switch.get_stop() is None


async def test_what_was_pulled_stands_as_it_was(kill_switch: KillSwitch) -> None:
    assert await kill_switch.pull(STOP) == STOP
    assert await kill_switch.get_stop() == STOP


async def test_the_first_stop_stays(kill_switch: KillSwitch) -> None:
    await kill_switch.pull(STOP)
    assert await kill_switch.pull(OTHER) == STOP
    assert await kill_switch.get_stop() == STOP


async def test_of_many_at_once_one_stays_and_everybody_is_told_which(
    kill_switch: KillSwitch,
) -> None:
    stops = [Stop(how="text", at=AT, why=str(number)) for number in range(20)]
    told = await asyncio.gather(*(kill_switch.pull(stop) for stop in stops))
    assert set(told) == {await kill_switch.get_stop()}


async def test_lifted_it_is_gone_and_again_is_harmless(kill_switch: KillSwitch) -> None:
    await kill_switch.lift()
    await kill_switch.pull(STOP)
    await kill_switch.lift()
    await kill_switch.lift()
    assert await kill_switch.get_stop() is None
    assert await kill_switch.pull(OTHER) == OTHER
