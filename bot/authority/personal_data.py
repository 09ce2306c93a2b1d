"""Personal data: shown to the person and erased on their request. No one can ask for another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from bot.domain.audit import ERASED, AuditEntry
from bot.domain.errors import PortError
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject, PendingErasure, StoredData
from bot.periodic import log_warnings, run_until_success
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store

_PENDING = "erasure:"
_NOT_FINISHED = log_warnings(
    structlog.stdlib.get_logger(__name__), "an erasure is not finished; I try again"
)

Counted = Callable[[DataSubject], Awaitable[int]]
Purge = Callable[[], Awaitable[None]]


class PersonalDataKind(NamedTuple):
    """One kind of personal data. Without `erase` it is not erased, and `retention` says why."""

    what: str
    retention: str
    count_of: Counted
    erase: Counted | None = None


class PersonalDataService:
    """Counts and erases all kinds of data. Each erasure is audited, by pseudonym and counts.

    `purges` clean the files from which data was deleted. Only one request runs at a time, because
    each reads all data. An erasure that a crash interrupts is repeated at the next start.
    """

    def __init__(
        self,
        kinds: Sequence[PersonalDataKind],
        pseudonym: Callable[[int], str],
        store: Store,
        key_values: KeyValueStore,
        clock: Clock,
        purges: Sequence[Purge] = (),
    ) -> None:
        self._kinds = tuple(kinds)
        self._purges = tuple(purges)
        self._pseudonym = pseudonym
        self._store = store
        self._key_values = key_values
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    def build_subject(self, person: Person) -> DataSubject:
        """Return how that person is identified in stored data."""
        return DataSubject(id=person.id, pseudonym=self._pseudonym(person.id))

    async def count_records(self, person: Person) -> tuple[StoredData, ...]:
        """Return how much of each kind is stored. Raises `JournalError`, `StoreError`."""
        subject = self.build_subject(person)
        async with self._one_at_a_time:
            return tuple([_build_data(kind, await kind.count_of(subject)) for kind in self._kinds])

    async def erase(self, person: Person) -> tuple[StoredData, ...]:
        """Erase the person's data; return how much of each kind was erased.

        Raises `JournalError`, `StoreError`; the rest is then erased at the next start.
        """
        subject = self.build_subject(person)
        async with self._one_at_a_time:
            pending = PendingErasure(subject=subject, at=self._clock.now())
            await self._key_values.put(_PENDING + subject.pseudonym, pending)
            return await self._finish(subject)

    async def run_forever(self) -> None:
        """Finish erasures of an earlier process, with retries while the state cannot be written."""
        await run_until_success(
            self._finish_all, self._clock, failed=_NOT_FINISHED, tolerated=PortError
        )

    async def _finish_all(self) -> None:
        async with self._one_at_a_time:
            for pending in await self._key_values.list_records(_PENDING, PendingErasure):
                await self._finish(pending.subject)

    async def _finish(self, subject: DataSubject) -> tuple[StoredData, ...]:
        erased = tuple(
            [_build_data(kind, await kind.erase(subject)) for kind in self._kinds if kind.erase]
        )
        counts = ", ".join(f"{data.count} {data.what}" for data in erased if data.count)
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.now(),
                action=ERASED,
                allowed=True,
                note=f"data of {subject.pseudonym}, at their request: {counts or 'nothing'}",
            )
        )
        for purge in self._purges:
            await purge()
        await self._key_values.remove(_PENDING + subject.pseudonym)
        return erased


def _build_data(kind: PersonalDataKind, count: int) -> StoredData:
    return StoredData(
        what=kind.what, count=count, retention=kind.retention, erasable=kind.erase is not None
    )
