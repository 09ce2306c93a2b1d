"""The journal port: append-only records of everything done, and questions about them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from bot.domain.journal import Action, FailureGroup, JournalQuery
from bot.domain.personal_data import DataSubject
from bot.domain.samples import ActionCount, Sample


class Followed(NamedTuple):
    """The next samples, in the order they were written within a day, and where to go on."""

    samples: tuple[Sample, ...]
    cursor: str


class Journal(Protocol):
    """Records of actions, redacted before they are written. Raises `JournalError`.

    Answers are whole from the start on, however large the journal is: a question about a part that
    is not indexed yet, as after a first start, searches the files of its time and waits for that
    alone (a day: under a second; a rare word in a month of millions: some seconds).
    """

    def append(self, action: Action) -> None:
        """Write one record: in order, without blocking the event loop for a disk flush.

        It is in the file when the call returns, so a killed process loses nothing it recorded.
        """
        ...

    async def forget(self, before: date) -> int:
        """Remove the records of all days (of UTC) before that one; return how many days."""
        ...

    async def list_record_ids(self, subject: DataSubject) -> Sequence[str]:
        """Return the ids of all records of that person: what they did, and what names them."""
        ...

    async def erase(self, subject: DataSubject) -> int:
        """Erase those records for good; return how many.

        Others stay where they are: cursors stay good. What a crash interrupts is done by asking
        again. What they do meanwhile may be kept.
        """
        ...

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Return matching records, oldest first; with more than `limit`, the newest ones."""
        ...

    async def get(self, record_id: str) -> Action | None:
        """Return the record with that full or short id."""
        ...

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return failures since then grouped by fingerprint, the most recent group first."""
        ...

    async def follow(self, cursor: str | None, *, limit: int = 10_000) -> Followed:
        """Return what was written after `cursor`, oldest first, by anybody, at most `limit`.

        `None` begins now: it returns no samples. A cursor is a short text that stays good across
        restarts; one that points at a file that is gone goes on with the next file there is.
        Reads the files alone and does not wait for an index.
        """
        ...

    async def list_samples(
        self, *, since: datetime, until: datetime, event: str | None = None
    ) -> Sequence[Sample]:
        """Return the samples of that time (both included), of one event if named, oldest first."""
        ...

    async def count_actions(
        self, *, since: datetime, until: datetime, seconds: int
    ) -> Sequence[ActionCount]:
        """Return how many actions there were, by spans of so many seconds and by kind.

        Spans begin at multiples of `seconds` since 1970; the first and the last are counted as far
        as they lie in that time (both ends included). What holds nothing is left out. A kind is
        what an event begins with. Failures are errors and timeouts. Oldest span first.
        """
        ...
