"""The journal port: append-only records of all actions, and queries of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from bot.domain.journal import Action, FailureGroup, JournalQuery
from bot.domain.personal_data import DataSubject
from bot.domain.samples import ActionCount, Sample


class Followed(NamedTuple):
    """The next samples, per day in the order of writing, and the cursor to continue from."""

    samples: tuple[Sample, ...]
    cursor: str


class Journal(Protocol):
    """Records of actions, redacted before they are written. Raises `JournalError`.

    Results are always complete, however large the journal is. A query of a part that is not indexed
    yet, as after a first start, searches the files of its period and waits only for that (a day:
    under a second; a rare text in a month with millions of records: some seconds).
    """

    def append(self, action: Action) -> None:
        """Write one record, in order, without blocking the event loop for a disk flush.

        The record is in the file when the call returns, so a killed process loses no records.
        """
        ...

    async def forget(self, before: date) -> int:
        """Remove the records of all days (UTC) before that one; return the number of days."""
        ...

    async def list_record_ids(self, subject: DataSubject) -> Sequence[str]:
        """Return the ids of that person's records: their actions, and records that name them."""
        ...

    async def erase(self, subject: DataSubject) -> int:
        """Erase these records for good; return how many.

        Other records do not move, so cursors stay valid. After a crash, call it again. The person's
        actions during the call may be stored.
        """
        ...

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Return matching records, oldest first; with more than `limit`, the newest ones."""
        ...

    async def get(self, record_id: str) -> Action | None:
        """Return the record with that full or short id, or `None`."""
        ...

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return the failures since then, grouped by fingerprint, the most recent group first."""
        ...

    async def follow(self, cursor: str | None, *, limit: int = 10_000) -> Followed:
        """Return at most `limit` records written after `cursor` by any process, oldest first.

        `None` starts now and returns no samples. A cursor is a short text that stays valid across
        restarts; if its file is gone, reading continues with the next file. The call reads only
        files and does not wait for an index.
        """
        ...

    async def list_samples(
        self, *, since: datetime, until: datetime, event: str | None = None
    ) -> Sequence[Sample]:
        """Return the samples of that period, both ends included, oldest first."""
        ...

    async def count_actions(
        self, *, since: datetime, until: datetime, seconds: int
    ) -> Sequence[ActionCount]:
        """Return the number of actions by interval of `seconds` and by kind, oldest interval first.

        Intervals begin at multiples of `seconds` since 1970. The first and the last count only
        actions in the period (both ends included). Empty intervals are left out. The kind is the
        first part of an event. Failures are errors and timeouts.
        """
        ...
