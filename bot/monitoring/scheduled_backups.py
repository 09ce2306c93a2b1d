"""Makes backups at the configured times, once per time, and reports failures in the chat."""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.audience import Audience
from bot.domain.backup import Backup, BackupSlot, BackupStatus
from bot.domain.errors import StoreError
from bot.domain.journal import Kind
from bot.domain.monitoring_config import BackupConfig
from bot.monitoring.self_audit_schedule import find_newest_slot, is_due, pause
from bot.periodic import log_warnings, run_periodically
from bot.ports.backups import BackupStore
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.backups import describe_backups, describe_failure, describe_recovery
from bot.telemetry import Recorder

_KEY = "backups"
_RETRY_DELAY = timedelta(hours=1)
_LATE = timedelta(days=1)
_log = structlog.stdlib.get_logger(__name__)


class ScheduledBackups:
    """Backs up the state, and removes old backups after each new one.

    A failure is reported once, and its end once. In between, a backup is tried every hour.
    """

    def __init__(
        self,
        backups: BackupStore,
        config: BackupConfig,
        key_values: KeyValueStore,
        announcer: DevChannelAnnouncer,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._backups = backups
        self._config = config
        self._changed = asyncio.Event()
        self._key_values = key_values
        self._announcer = announcer
        self._clock = clock
        self._recorder = recorder

    async def run_forever(self) -> None:
        """Make backups that are due, until cancelled."""
        failed = log_warnings(_log, "backups are delayed by a minute")
        await run_periodically(
            self._look, self._clock, self._pause, wake=self._changed, failed=failed
        )

    def reconfigure(self, config: BackupConfig) -> BackupConfig:
        """Use these times and numbers from now on, and return the settings in force.

        The folder does not change before a restart. A backup that a new time makes due is made at
        once.
        """
        self._config = config.replace(folder=self._config.folder)
        self._changed.set()
        return self._config

    async def get_status(self) -> BackupStatus:
        """Return the state of the backups. Raises `StoreError`."""
        known = await self._backups.list_backups()
        last = await self._key_values.get(_KEY, BackupSlot)
        newest = known[0] if known else None
        return BackupStatus(
            newest=newest,
            count=len(known),
            failure=last.failure if last else "",
            overdue=last is not None and is_overdue(self._config, newest, last, self._clock.now()),
        )

    async def format_vital_sign(self) -> str:
        """Return a line for `/health`."""
        try:
            text = describe_backups(await self.get_status(), self._clock.now())
        except StoreError as error:
            text = f"⚠️ {error}"
        return f"**Backups** {text}" + ("" if self._config.cron else ", none are scheduled")

    def _pause(self) -> float:
        return pause(self._config, self._clock.now())

    async def _look(self) -> None:
        """Make the backup of the newest slot unless it was made. A first start has no slot yet."""
        if self._config.cron is None:
            return
        now = self._clock.now()
        slot = find_newest_slot(self._config.cron, self._config.timezone, now)
        last = await self._key_values.get(_KEY, BackupSlot)
        if last is None:
            await self._key_values.put(_KEY, BackupSlot(slot=slot or now, tried_at=now))
            return
        if last.failure and not last.is_reported:  # the process ended before it reported this
            await self._tell_failure(last)
        if slot is None or not is_due(slot, last.slot, now) or not _can_retry(last, now):
            return
        try:
            backup = await self._make()
        except StoreError as error:
            await self._record_failure(last, str(error), now)
            return
        await self._key_values.put(_KEY, BackupSlot(slot=slot, tried_at=now))
        if last.failing_since is not None:
            await self._tell(describe_recovery(backup), f"again:{last.failing_since.isoformat()}")

    async def _make(self) -> Backup:
        with self._recorder.measure(Kind.TASK, "backup", audience=Audience.TEAM):
            backup = await self._backups.take()
            await self._backups.prune(self._config.keep, self._config.weekly)
            return backup

    async def _record_failure(self, last: BackupSlot, why: str, now: datetime) -> None:
        since = last.failing_since or now
        failing = last.replace(tried_at=now, failure=why, failing_since=since)
        await self._key_values.put(_KEY, failing)
        if not failing.is_reported:
            await self._tell_failure(failing)

    async def _tell_failure(self, failing: BackupSlot) -> None:
        since = failing.failing_since or failing.tried_at
        await self._tell(describe_failure(failing.failure), f"failed:{since.isoformat()}")
        await self._key_values.put(_KEY, failing.replace(is_reported=True))

    async def _tell(self, text: str, key: str) -> None:
        await self._announcer.tell(text, key=f"backup:{key}")


def is_overdue(
    config: BackupConfig, newest: Backup | None, last: BackupSlot | None, now: datetime
) -> bool:
    """Return whether a backup was due over a day ago and has not been made since.

    Slots before the first start do not count.
    """
    slot = find_newest_slot(config.cron, config.timezone, now - _LATE) if config.cron else None
    if slot is None or (last is not None and last.slot >= slot):
        return False
    return newest is None or newest.made_at < slot


def _can_retry(last: BackupSlot, now: datetime) -> bool:
    """Return whether to try again after a failure; also true if the clock was set back."""
    return not last.failure or not timedelta() <= now - last.tried_at < _RETRY_DELAY
