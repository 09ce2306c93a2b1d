"""What is older than configured goes once a day, and what fails to go waits a day."""

import asyncio
from datetime import datetime, timedelta

from bot.app.retention import RetainedKind, Retention
from bot.domain.errors import StoreError
from tests.fakes.fake_clock import START, FakeClock


async def test_each_kind_goes_by_its_own_age_at_the_start_and_daily() -> None:
    asked: list[tuple[str, datetime]] = []
    clock = FakeClock()

    async def runs(older: datetime) -> int:
        asked.append(("runs", older))
        raise StoreError("the disk is full")

    async def days(older: datetime) -> int:
        asked.append(("days", older))
        return 3

    retention = Retention(clock, (RetainedKind("runs", 400, runs), RetainedKind("days", 90, days)))
    working = asyncio.create_task(retention.run_forever())
    await clock.advance(0)
    first = [("runs", START - timedelta(days=400)), ("days", START - timedelta(days=90))]
    assert asked == first
    await clock.advance(86_400)
    assert [name for name, _ in asked] == ["runs", "days", "runs", "days"]
    assert asked[2][1] == START - timedelta(days=399)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
