"""Digests on the schedule that people choose, for themselves or for the dev channel."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import structlog

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.authority.quiet_state import QuietState
from bot.domain.errors import ChatRejected, PortError, WrongStage
from bot.domain.monitoring_config import check_timezone
from bot.domain.notices import DIGEST_SCHEDULE, DigestSchedule
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.notices.activity import ActivityReader
from bot.notices.recipients import Recipients
from bot.notices.texts import render_digest
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_SECONDS = 30.0
_WRONG_CLOCK = timedelta(days=1)
_log = structlog.stdlib.get_logger(__name__)
_FAILED = log_warnings(_log, "a digest could not be sent; I will try again")


@dataclass(frozen=True)
class DigestRequest:
    """What a person asks for. `every` is `off` to end a digest."""

    every: Literal["daily", "weekly", "off"]
    to_channel: bool = False
    weekday: int = 0
    at: time = time(9)
    timezone: str = "UTC"


@dataclass(frozen=True, eq=False)
class DigestSchedules:
    """The chosen schedules in the key-value store. Listed people choose; all see the channel's."""

    key_values: KeyValueStore
    authorizer: Authorizer
    clock: Clock

    async def choose(self, person: Person, request: DigestRequest) -> DigestSchedule | None:
        """Store a schedule, or end it and return `None`.

        Raises `NotAuthorized`, `WrongStage` for an unknown time zone or if there is nothing to end,
        and `StoreError`.
        """
        act = Act.STEER if request.to_channel else Act.READ
        await self.authorizer.ask(person, act, None, f"digest: {request.every}")
        now = self.clock.now()
        schedule = DigestSchedule(
            person=person.replace(at=None, role_ids=frozenset()),
            to_channel=request.to_channel,
            every="daily" if request.every == "daily" else "weekly",
            weekday=request.weekday,
            at=request.at,
            timezone=_check_zone(request.timezone),
            slot=now,
        )
        if request.every == "off":
            if await self.key_values.get(schedule.key, DigestSchedule) is None:
                raise WrongStage("There is no such digest that I could end.")
            await self.key_values.remove(schedule.key)
            return None
        await self.key_values.put(schedule.key, schedule)
        return schedule

    async def list_all(self) -> tuple[DigestSchedule, ...]:
        """Return all schedules. Raises `StoreError`."""
        return await self.key_values.list_records(DIGEST_SCHEDULE, DigestSchedule)

    async def save(self, schedule: DigestSchedule, slot: datetime) -> None:
        """Store that a slot was handled, unless the schedule was changed meanwhile."""
        current = await self.key_values.get(schedule.key, DigestSchedule)
        if current == schedule:
            await self.key_values.put(schedule.key, schedule.replace(slot=slot))

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many schedules the person has chosen. Raises `StoreError`."""
        return sum(each.person.id == subject.id for each in await self.list_all())

    async def erase(self, subject: DataSubject) -> int:
        """End the digests that the person has chosen; return how many. Raises `StoreError`."""
        own = [each for each in await self.list_all() if each.person.id == subject.id]
        for each in own:
            await self.key_values.remove(each.key)
        return len(own)


@dataclass(frozen=True, eq=False)
class DigestPosts:
    """Sends each digest once for each time of its schedule. Missed times count as one."""

    schedules: DigestSchedules
    reader: ActivityReader
    recipients: Recipients
    quiet: QuietState
    chat: Chat
    clock: Clock
    channels: "DigestPlaces"

    async def run_forever(self) -> None:
        """Look for what is due every half minute, until cancelled."""
        await run_periodically(
            self.look, self.clock, _SECONDS, first_after=_SECONDS, tolerated=PortError,
            failed=_FAILED,
        )  # fmt: skip

    async def look(self) -> None:
        """Send what is due. Raises `PortError`; the rest is sent at the next look."""
        now = self.clock.now()
        for each in await self.schedules.list_all():
            slot = find_newest_slot(each, now)
            is_due = slot > each.slot or each.slot > now + _WRONG_CLOCK
            if is_due and not (each.to_channel and self.quiet.has_to_wait(needs_person=True)):
                await self._send(each, slot, now)
                await self.schedules.save(each, slot)

    async def _send(self, schedule: DigestSchedule, slot: datetime, now: datetime) -> None:
        """Send one digest; a person who may not read it any more gets none."""
        if schedule.to_channel:
            targets, channel_id = self.channels.targets, self.channels.dev_channel_id
        else:
            targets = await self.recipients.list_readable(schedule.person.id)
            if not targets:
                return
            channel_id = await self.chat.open_direct_channel(schedule.person.id)
        activity = await self.reader.read(targets, now - timedelta(days=schedule.days))
        key = f"{schedule.key}:{slot.isoformat()}"
        try:
            await self.chat.post(channel_id, render_digest(schedule, activity), key=key)
        except ChatRejected as error:
            _log.warning("a digest is not accepted: %s", error)


@dataclass(frozen=True)
class DigestPlaces:
    """The dev channel, and the targets whose work is talked about there."""

    dev_channel_id: int
    targets: Collection[str]


def find_newest_slot(schedule: DigestSchedule, now: datetime) -> datetime:
    """Return the newest time of a schedule at or before `now`."""
    zone = ZoneInfo(schedule.timezone)
    day = now.astimezone(zone).date()
    for _ in range(9):
        slot = datetime.combine(day, schedule.at, zone)
        is_day = schedule.every == "daily" or day.weekday() == schedule.weekday
        if is_day and slot <= now:
            return slot.astimezone(now.tzinfo)
        day -= timedelta(days=1)
    raise AssertionError("a week has every weekday")


def _check_zone(name: str) -> str:
    try:
        return check_timezone(name)
    except ValueError as error:
        raise WrongStage(f"{error}.") from error
