"""The backups port: consistent copies of the state folder."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.backup import Backup


class BackupStore(Protocol):
    """Makes and stores backups while the bot works. Raises `StoreError`.

    A backup is like the state after a power cut: all databases are copied as of the same moment,
    with every journal record that one of them refers to. An incomplete backup is never listed.
    """

    async def take(self) -> Backup:
        """Make a backup. If cancelled, it stops within about a second and leaves no files.

        Refuses a second backup at the same time, and a backup without enough disk space.
        """
        ...

    async def list_backups(self) -> Sequence[Backup]:
        """Return the backups, newest first."""
        ...

    async def prune(self, keep: int, weekly: int) -> int:
        """Remove the backups that `find_superfluous` returns; return how many."""
        ...
