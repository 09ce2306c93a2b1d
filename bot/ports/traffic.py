"""The traffic port: people's interactions with cogs, and the files of a cog when it failed."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.journal import FailureGroup
from bot.domain.personal_data import DataSubject
from bot.domain.snapshot import CogSnapshot
from bot.domain.traffic import TrafficRecord

CatchUp = Callable[[], Awaitable[None]]
"""Writes all pending answers to the traffic log, so that the next reader sees them."""


CogLoads = Callable[[str], Awaitable[Sequence[datetime]]]
"""Returns the known times at which a cog was loaded, for example at each start of the bot."""


async def list_no_loads(_: str) -> Sequence[datetime]:
    """Return no load times."""
    return ()


class TrafficLog(Protocol):
    """Stores records of interactions, a limited number for each event. Raises `StoreError`.

    Texts are cleaned before they arrive here and redacted again before they are written. For each
    event the newest successes are stored, and beyond them those that differ in input or answer.
    Failures have a separate limit, and different fingerprints are preferred. Only redacted quotes
    in comparisons of replays leave the machine.
    """

    async def record(self, records: Sequence[TrafficRecord]) -> None:
        """Store the records, all or none; a record with an existing id replaces it."""
        ...

    async def get(self, record_id: str) -> TrafficRecord | None:
        """Return the record with that full or short id, or `None`."""
        ...

    async def list_recent(self, event: str, *, limit: int = 100) -> Sequence[TrafficRecord]:
        """Return the newest records of an event, oldest first."""
        ...

    async def list_since(self, at: datetime, *, limit: int = 1_000) -> Sequence[TrafficRecord]:
        """Return the newest records from that time on, of all events, oldest first."""
        ...

    async def forget(self, before: datetime) -> int:
        """Remove older records; return how many."""
        ...

    async def count_records(self, subject: DataSubject) -> int:
        """Return the number of records that person took part in or is named in."""
        ...

    async def erase(self, subject: DataSubject) -> int:
        """Remove these records for good; return how many."""
        ...


async def find_failure_record(
    traffic: TrafficLog,
    group: FailureGroup,
    fits: Callable[[TrafficRecord], bool] = lambda record: True,
) -> TrafficRecord | None:
    """Return the newest matching record of a failure, or `None`.

    Only some occurrences of a failure have a traffic record.
    """
    for record_id in group.record_ids:
        record = await traffic.get(record_id)
        if record is not None and fits(record):
            return record
    return None


class SnapshotStore(Protocol):
    """Stores the files that cogs had when they failed, for replays on this machine only.

    They contain people's text: only the owner of the process can read them, and no part of them may
    go to a model, a prompt, a card or a log. The total size and the number for each failure are
    limited. Raises `StoreError`.
    """

    async def take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        """Copy the cog's current files; return `None` if there are none, or enough copies already.

        Databases are copied as of one moment, even while they are written to. Files that are too
        large are left out and named in the result.
        """
        ...

    async def list_for_failure(self, fingerprint: str) -> Sequence[CogSnapshot]:
        """Return the snapshots of a failure, newest first."""
        ...

    async def read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        """Return the content of a snapshot, by file name in the cogs' data folder."""
        ...

    async def forget(self, before: datetime) -> int:
        """Remove older snapshots; return how many."""
        ...

    async def list_for_person(
        self, subject: DataSubject, failures: Collection[str]
    ) -> Sequence[CogSnapshot]:
        """Return the snapshots of these failures, which are that person's, and those with their id.

        The id is searched for as cogs write it: as text, and as a number in a database.
        """
        ...

    async def remove(self, snapshots: Collection[CogSnapshot]) -> None:
        """Remove these snapshots for good; a second call is harmless."""
        ...
