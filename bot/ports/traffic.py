"""The traffic port: what was asked of each cog, and the files a cog had when it failed."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.journal import FailureGroup
from bot.domain.personal_data import DataSubject
from bot.domain.snapshot import CogSnapshot
from bot.domain.traffic import TrafficRecord

CatchUp = Callable[[], Awaitable[None]]
"""Has what people were answered until now written down, for whoever reads it next."""


CogLoads = Callable[[str], Awaitable[Sequence[datetime]]]
"""Returns when a cog was loaded, as far as that is known: with each start of the bot, say."""


async def list_no_loads(_: str) -> Sequence[datetime]:
    """Know of no time at which a cog was loaded."""
    return ()


class TrafficLog(Protocol):
    """Keeps records of interactions, a bounded number of each event. Raises `StoreError`.

    Texts are cleaned before they come here, and redacted once more before they are written. Of each
    event the newest successes are kept, and beyond them those that differ from one another in what
    was given or answered; failures have a bound of their own, and those of different fingerprints
    are preferred. What leaves the machine of it is what a comparison of plays quotes, redacted.
    """

    async def record(self, records: Sequence[TrafficRecord]) -> None:
        """Keep all of them or none; one with an id that is there already replaces it."""
        ...

    async def get(self, record_id: str) -> TrafficRecord | None:
        """Return the record with that full or short id."""
        ...

    async def list_recent(self, event: str, *, limit: int = 100) -> Sequence[TrafficRecord]:
        """Return the newest records of an event, oldest first."""
        ...

    async def list_since(self, at: datetime, *, limit: int = 1_000) -> Sequence[TrafficRecord]:
        """Return the newest records from that time on, of all events, oldest first."""
        ...

    async def forget(self, before: datetime) -> int:
        """Remove what is older than that; return how many records."""
        ...

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many records that person took part in, or is named in."""
        ...

    async def erase(self, subject: DataSubject) -> int:
        """Remove those records for good; return how many."""
        ...


async def find_failure_record(
    traffic: TrafficLog,
    group: FailureGroup,
    fits: Callable[[TrafficRecord], bool] = lambda record: True,
) -> TrafficRecord | None:
    """Return the newest fitting record of a failure; only some of its occurrences have one."""
    for known in group.record_ids:
        record = await traffic.get(known)
        if record is not None and fits(record):
            return record
    return None


class SnapshotStore(Protocol):
    """Keeps the files that cogs had when they failed, for plays on this machine alone.

    They hold what people wrote: only the owner of the process can read them, and nothing of them is
    for a model, a prompt, a card or a log. Bounded in size, and a few of each failure.
    Raises `StoreError`.
    """

    async def take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        """Copy the cog's files as they are now; `None` if there are none, or enough already.

        Databases are copied as of one moment, also while they are written to. Files that are too
        large are named in what is returned, and left out.
        """
        ...

    async def list_for_failure(self, fingerprint: str) -> Sequence[CogSnapshot]:
        """Return the snapshots of a failure, newest first."""
        ...

    async def read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        """Return what is in a snapshot, by the names in the folder where cogs keep files."""
        ...

    async def forget(self, before: datetime) -> int:
        """Remove those older than that; return how many."""
        ...

    async def list_for_person(
        self, subject: DataSubject, failures: Collection[str]
    ) -> Sequence[CogSnapshot]:
        """Return those of these failures, which are that person's, and those that hold their id.

        It is looked for as cogs write it: as text, and as a number in a database.
        """
        ...

    async def remove(self, snapshots: Collection[CogSnapshot]) -> None:
        """Remove these for good; again is harmless."""
        ...
