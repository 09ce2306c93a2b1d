"""Backups in memory: they are empty, but stored and removed like real ones."""

from collections.abc import Sequence
from pathlib import Path

from bot.domain.backup import Backup, find_superfluous
from bot.domain.errors import StoreError
from bot.ports.clock import Clock


class FakeBackups:
    """Implements `bot.ports.backups.BackupStore`. What is in `fails` is raised instead, once."""

    def __init__(self, clock: Clock) -> None:
        self.fails: list[StoreError] = []
        self._clock = clock
        self._stored: list[Backup] = []

    async def take(self) -> Backup:
        """Make one of this moment."""
        if self.fails:
            raise self.fails.pop(0)
        at = self._clock.now().replace(microsecond=0)
        made = Backup(file=Path(f"/backups/{len(self._stored)}-{at:%H%M%S}"), made_at=at, size=1)
        self._stored.append(made)
        return made

    async def list_backups(self) -> Sequence[Backup]:
        """Return them, the newest first."""
        return tuple(reversed(self._stored))

    async def prune(self, keep: int, weekly: int) -> int:
        """Remove what is superfluous."""
        old = find_superfluous(self._stored, keep, weekly)
        self._stored = [each for each in self._stored if each not in old]
        return len(old)
