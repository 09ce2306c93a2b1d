"""The backups port: the state folder, copied whole at one moment."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.backup import Backup


class BackupStore(Protocol):
    """Makes backups of the state while everything goes on, and keeps them. Raises `StoreError`.

    A backup is what a power cut at one moment would have left: every database at the same moment,
    and every record of the journal that one of them names. A half-written one is never listed.
    """

    async def take(self) -> Backup:
        """Make one. Cancelled, it ends within a second or so and leaves nothing.

        Two at once are refused; so is one for which there is no room.
        """
        ...

    async def list_backups(self) -> Sequence[Backup]:
        """Return those there are, the newest first."""
        ...

    async def prune(self, keep: int, weekly: int) -> int:
        """Remove those that `superfluous` names; return how many."""
        ...
