"""The journal door: append-only records of everything done, and questions about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.journal import Action, FailureGroup, JournalQuery


class Journal(Protocol):
    """Records of actions, redacted before they are written. Raises `JournalError`."""

    def append(self, action: Action) -> None:
        """Write one record: in order, without blocking the event loop for a disk flush.

        It is in the file when the call returns, so a killed process loses nothing it recorded.
        """
        ...

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Return matching records, oldest first; with more than `limit`, the newest ones."""
        ...

    async def get(self, record_id: str) -> Action | None:
        """Return the record with that full or short id."""
        ...

    async def failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return failures since then grouped by fingerprint, the most recent group first."""
        ...
