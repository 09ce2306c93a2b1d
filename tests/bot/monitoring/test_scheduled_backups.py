"""Scheduled backups: one per time; a failure and its end are reported once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.backup import BackupSlot
from bot.domain.errors import StoreError
from bot.domain.journal import ActionOutcome
from bot.domain.monitoring_config import BackupConfig
from bot.monitoring import ScheduledBackups
from bot.telemetry import Recorder
from tests.fakes.fake_backups import FakeBackups
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_key_value_store import FakeKeyValueStore

NIGHT = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
HOUR, DAY = 3_600.0, 86_400.0
DEV = 10
FULL = StoreError("There is not enough space for a backup in /backups.")


class Room:
    """What outlives the program; it begins an hour after the time for a backup."""

    def __init__(self, **config: object) -> None:
        self.clock = FakeClock(NIGHT + timedelta(hours=1))
        self.store = FakeBackups(self.clock)
        self.key_values = FakeKeyValueStore()
        self.chat = FakeChat()
        self.journal = FakeJournal()
        self.config = BackupConfig.model_validate(config)

    def program(self) -> ScheduledBackups:
        recorder = Recorder(self.journal, self.clock, Path("/"), b"salt", lambda: None)
        return ScheduledBackups(
            self.store, self.config, self.key_values, DevChannelAnnouncer(self.chat, DEV),
            self.clock, recorder,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the program until the block ends."""
        self.backups = self.program()
        going = asyncio.create_task(self.backups.run_forever())
        await self.clock.advance(1)
        try:
            yield
        finally:
            going.cancel()
            with suppress(asyncio.CancelledError):
                await going

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, all but the last two minutes at once."""
        self.clock.tick(max(seconds - 120, 0))
        await self.clock.advance(min(seconds, 120))

    async def made(self) -> list[datetime]:
        return [each.made_at for each in reversed(await self.store.list_backups())]

    @property
    def told(self) -> list[str]:
        return self.chat.list_texts(DEV)

    @property
    def journalled(self) -> list[ActionOutcome]:
        return [each.outcome for each in self.journal.actions if each.event == "task.backup"]


@pytest.fixture
def room() -> Room:
    return Room(keep=3)


async def test_it_is_backed_up_once_a_day_and_old_ones_go(room: Room) -> None:
    async with room.running():
        assert await room.made() == []  # at the very first start nothing was missed
        await room.pass_time(23 * HOUR)
        assert len(await room.made()) == 1
        await room.pass_time(HOUR)
        assert len(await room.made()) == 1
        for _ in range(5):
            await room.pass_time(DAY)
    assert len(await room.made()) == room.config.keep
    assert room.journalled == [ActionOutcome.OK] * 6
    assert room.told == []


async def test_what_was_missed_while_it_was_away_is_made_up_once(room: Room) -> None:
    async with room.running():
        pass
    room.clock.tick(9 * DAY)
    async with room.running():
        assert len(await room.made()) == 1
        await room.pass_time(HOUR)
    async with room.running():
        pass
    assert len(await room.made()) == 1


async def test_a_failure_is_told_once_tried_every_hour_and_told_when_it_works(room: Room) -> None:
    room.store.fails = [FULL, FULL, FULL]
    async with room.running():
        await room.pass_time(23 * HOUR)
        (told,) = room.told
        assert str(FULL) in told
        assert "every hour" in told
        await room.pass_time(HOUR / 2)
        assert room.journalled == [ActionOutcome.ERROR]
        await room.pass_time(HOUR)
        await room.pass_time(HOUR)
        assert room.journalled == [ActionOutcome.ERROR] * 3
        assert len(room.told) == 1
        await room.pass_time(HOUR)
    assert room.journalled[-1] is ActionOutcome.OK
    assert len(room.told) == 2
    assert "backed up again" in room.told[1]
    assert len(await room.made()) == 1


async def test_a_failure_that_was_saved_and_not_told_is_told_at_the_next_start(room: Room) -> None:
    now = room.clock.now()
    slot = BackupSlot(slot=NIGHT, tried_at=now, failure=str(FULL), failing_since=now)
    await room.key_values.put("backups", slot)
    async with room.running():
        assert len(room.told) == 1
    async with room.running():
        assert len(room.told) == 1


async def test_how_backups_stand_is_known(room: Room) -> None:
    program = room.program()
    assert await program.format_vital_sign() == "**Backups** none yet"
    async with room.running():
        await room.pass_time(23 * HOUR)
        room.clock.tick(HOUR)
        assert (
            await program.format_vital_sign()
            == "**Backups** newest 1 h ago (1 byte), 1 backup stored"
        )
    room.clock.tick(3 * DAY)
    assert (await program.get_status()).overdue
    assert (await program.format_vital_sign()).endswith("overdue")
    room.store.fails = [FULL]
    async with room.running():
        assert str(FULL) in await program.format_vital_sign()


async def test_without_a_time_none_is_made_and_health_says_so() -> None:
    room = Room(cron=None)
    async with room.running():
        await room.clock.advance(3 * DAY)
    assert await room.program().format_vital_sign() == "**Backups** none yet, none are scheduled"
    assert not (await room.program().get_status()).overdue


async def test_other_times_and_numbers_count_while_it_runs_and_another_folder_does_not() -> None:
    room = Room(cron=None, keep=7)
    async with room.running():
        hourly = BackupConfig(cron="30 * * * *", keep=2, folder=Path("/elsewhere"))
        assert room.backups.reconfigure(hourly) == hourly.replace(folder=None)
        await room.pass_time(0)
        for _ in range(4):
            await room.pass_time(HOUR)
        assert len(await room.made()) == 2
        room.backups.reconfigure(BackupConfig(cron=None))
        made = await room.made()
        for _ in range(4):
            await room.pass_time(HOUR)
        assert await room.made() == made


@pytest.mark.parametrize(
    "wrong", [{"cron": "at night"}, {"timezone": "Nowhere/Here"}, {"keep": 0}, {"weekly": -1}]
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BackupConfig.model_validate(wrong)
