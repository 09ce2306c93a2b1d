"""Backups by themselves: at the times that are configured, once each, and told when they fail."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.authority.announcements import tell
from bot.domain.audience import Audience
from bot.domain.backup import Backup, BackupSlot, BackupStatus
from bot.domain.errors import StoreError
from bot.domain.journal import Kind
from bot.domain.monitoring_config import BackupConfig
from bot.monitoring.self_audit_schedule import find_newest_slot, is_due, pause
from bot.periodic import log_warnings, run_periodically
from bot.ports.backups import BackupStore
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.backups import describe_backups, describe_failure, describe_recovery
from bot.telemetry import Recorder

_KEY = "backups"
_RETRY_DELAY = timedelta(hours=1)
_LATE = timedelta(days=1)
_log = logging.getLogger(__name__)


class ScheduledBackups:
    """Backs the state up, and removes old backups after each that was made.

    A failure is told once, and so is its end; in between it is tried every hour.
    """

    def __init__(
        self,
        backups: BackupStore,
        config: BackupConfig,
        key_values: KeyValueStore,
        chat: Chat,
        clock: Clock,
        recorder: Recorder,
        *,
        dev_channel_id: int,
    ) -> None:
        self._backups = backups
        self._config = config
        self._changed = asyncio.Event()
        self._key_values = key_values
        self._chat = chat
        self._clock = clock
        self._recorder = recorder
        self._dev_channel_id = dev_channel_id

    async def run_forever(self) -> None:
        """Make what is due, until cancelled."""
        failed = log_warnings(_log, "backups wait a minute")
        await run_periodically(
            self._look, self._clock, self._pause, wake=self._changed, failed=failed
        )

    def reconfigure(self, config: BackupConfig) -> BackupConfig:
        """Go by these times and numbers from now on, and return all that counts.

        The folder stays the one of the start. What a new time has made due is made at once.
        """
        self._config = config.replace(folder=self._config.folder)
        self._changed.set()
        return self._config

    async def get_status(self) -> BackupStatus:
        """Return how backups stand. Raises `StoreError`."""
        known = await self._backups.list_backups()
        last = await self._key_values.get(_KEY, BackupSlot)
        newest = known[0] if known else None
        return BackupStatus(
            newest=newest,
            count=len(known),
            failure=last.failure if last else "",
            overdue=last is not None
            and is_overdue(self._config, newest, last, self._clock.get_time()),
        )

    async def format_vital_sign(self) -> str:
        """Return a line for `/health`."""
        try:
            told = describe_backups(await self.get_status(), self._clock.get_time())
        except StoreError as error:
            told = f"⚠️ {error}"
        return f"**Backups** {told}" + ("" if self._config.cron else ", none by themselves")

    def _pause(self) -> float:
        return pause(self._config, self._clock.get_time())

    async def _look(self) -> None:
        """Deal with the newest slot, if nobody has. At the very first start there is none yet."""
        if self._config.cron is None:
            return
        now = self._clock.get_time()
        slot = find_newest_slot(self._config.cron, self._config.timezone, now)
        last = await self._key_values.get(_KEY, BackupSlot)
        if last is None:
            await self._key_values.put(_KEY, BackupSlot(slot=slot or now, tried_at=now))
            return
        if last.failure and not last.is_reported:  # the process ended in between
            await self._tell_failure(last)
        if slot is None or not is_due(slot, last.slot, now) or not _can_retry(last, now):
            return
        try:
            made = await self._make()
        except StoreError as error:
            await self._record_failure(last, str(error), now)
            return
        await self._key_values.put(_KEY, BackupSlot(slot=slot, tried_at=now))
        if last.failing_since is not None:
            await self._tell(describe_recovery(made), f"again:{last.failing_since.isoformat()}")

    async def _make(self) -> Backup:
        with self._recorder.measure(Kind.TASK, "backup", audience=Audience.TEAM):
            made = await self._backups.take()
            await self._backups.prune(self._config.keep, self._config.weekly)
            return made

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
        await tell(self._chat, self._dev_channel_id, text, key=f"backup:{key}")


def is_overdue(
    config: BackupConfig, newest: Backup | None, last: BackupSlot | None, now: datetime
) -> bool:
    """Whether one was due a day ago and there is none since; not before the first that was due."""
    slot = find_newest_slot(config.cron, config.timezone, now - _LATE) if config.cron else None
    if slot is None or (last is not None and last.slot >= slot):
        return False
    return newest is None or newest.made_at < slot


def _can_retry(last: BackupSlot, now: datetime) -> bool:
    """Whether it is time to try again after a failure; a clock that was set back counts as that."""
    return not last.failure or not timedelta() <= now - last.tried_at < _RETRY_DELAY
