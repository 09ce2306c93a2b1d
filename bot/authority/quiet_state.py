"""The quiet period that people have set: what the bot may announce by itself now."""

from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bot.domain.notices import QUIET_PERIOD, QuietPeriod
from bot.domain.personal_data import DataSubject
from bot.periodic import log_warnings, run_until_success
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_NOT_LOADED = log_warnings(
    structlog.stdlib.get_logger(__name__), "the quiet period could not be read; I will try again"
)


@dataclass(eq=False)
class QuietState:
    """The stored period. Until it is loaded, announcements that can wait are held, so that a
    restart lets none slip through.
    """

    key_values: KeyValueStore
    clock: Clock
    _period: QuietPeriod | None = field(default=None, init=False)
    _is_loaded: bool = field(default=False, init=False)

    async def run_forever(self) -> None:
        """Load what an earlier process left."""
        await run_until_success(self.load, self.clock, failed=_NOT_LOADED)

    async def load(self) -> None:
        """Read the stored period. Raises `StoreError`."""
        self._period = await self.key_values.get(QUIET_PERIOD, QuietPeriod)
        self._is_loaded = True

    async def save(self, period: QuietPeriod) -> None:
        """Store a period, which holds from now on. Raises `StoreError`."""
        await self.key_values.put(QUIET_PERIOD, period)
        self._period, self._is_loaded = period, True

    @property
    def period(self) -> QuietPeriod | None:
        """The period that applies now, if there is one."""
        return self._period if self.was_quiet(self.clock.now()) else None

    def has_to_wait(self, *, needs_person: bool = False) -> bool:
        """Return whether an announcement has to wait. One of high severity never asks."""
        if not self._is_loaded:
            return True
        period = self.period
        return period is not None and not (needs_person and period.level == "needs a person")

    def was_quiet(self, at: datetime) -> bool:
        """Return whether a moment was in the newest period, or is in the current one."""
        return self._period is not None and self._period.is_active_at(at)

    async def count_records(self, subject: DataSubject) -> int:
        """Return whether the person has set the newest period, as a number. Raises `StoreError`."""
        stored = await self.key_values.get(QUIET_PERIOD, QuietPeriod)
        return int(stored is not None and stored.by.id == subject.id)

    async def erase(self, subject: DataSubject) -> int:
        """Forget the period that the person has set, which ends it. Raises `StoreError`."""
        count = await self.count_records(subject)
        if count:
            await self.key_values.remove(QUIET_PERIOD)
            self._period = None
        return count
