"""Traffic and snapshots in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.domain.ids import shorten_id
from bot.domain.personal_data import DataSubject
from bot.domain.snapshot import CogSnapshot, is_cog_file
from bot.domain.traffic import TrafficBounds, TrafficRecord
from bot.ports.clock import Clock


class FakeTraffic:
    """Implements `bot.ports.traffic.TrafficLog`. `records` are the stored records, oldest first."""

    def __init__(self, bounds: TrafficBounds | None = None) -> None:
        self.records: list[TrafficRecord] = []
        self._bounds = bounds or TrafficBounds()

    async def record(self, records: Sequence[TrafficRecord]) -> None:
        """Keep them."""
        for record in records:
            kept = [each for each in self.records if each.id != record.id]
            self.records = sorted([*kept, record], key=lambda each: (each.at, each.id))
        for event, ok in {(each.event, each.ok) for each in records}:
            self._make_room(event, ok)

    async def get(self, record_id: str) -> TrafficRecord | None:
        """Return the record with that full or short id."""
        wanted = record_id.strip().lower()
        found = (each for each in self.records if wanted in (each.id, shorten_id(each.id)))
        return next(found, None)

    async def list_recent(self, event: str, *, limit: int = 100) -> Sequence[TrafficRecord]:
        """Return the newest records of an event, oldest first."""
        return [each for each in self.records if each.event == event][-limit:]

    async def list_since(self, at: datetime, *, limit: int = 1_000) -> Sequence[TrafficRecord]:
        """Return the newest records from that time on."""
        return [each for each in self.records if each.at >= at][-limit:]

    async def forget(self, before: datetime) -> int:
        """Remove what is older."""
        old = [each for each in self.records if each.at < before]
        self.records = [each for each in self.records if each not in old]
        return len(old)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many they are in."""
        return sum(_is_of(each, subject) for each in self.records)

    async def erase(self, subject: DataSubject) -> int:
        """Remove those."""
        before = len(self.records)
        self.records = [each for each in self.records if not _is_of(each, subject)]
        return before - len(self.records)

    def _make_room(self, event: str, ok: bool) -> None:
        alike = [each for each in self.records if each.event == event and each.ok == ok][::-1]
        most = self._bounds.successes if ok else self._bounds.failures
        equals, forms = Counter[str](), Counter[str]()
        ranked = []
        for each in alike:  # the newest first
            equals[each.variety] += 1
            forms[each.form] += 1
            ranked.append((equals[each.variety], forms[each.form], each))
        spare = ranked[min(self._bounds.newest if ok else 1, most) :][::-1]
        spare.sort(key=lambda told: (-told[0], -told[1]))
        gone = [each for _, _, each in spare[: max(0, len(alike) - most)]]
        self.records = [each for each in self.records if each not in gone]


def _is_of(record: TrafficRecord, subject: DataSubject) -> bool:
    return any(mark in record.model_dump_json() for mark in subject.marks)


class FakeSnapshots:
    """Implements `bot.ports.traffic.SnapshotStore`. `state` is what cogs keep, by name."""

    def __init__(self, clock: Clock, *, most: int = 3, largest: int = 1_000_000) -> None:
        self.state: dict[str, bytes] = {}
        self._clock = clock
        self._most = most
        self._largest = largest
        self._snapshots: list[tuple[CogSnapshot, dict[str, bytes]]] = []

    async def take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        """Copy the cog's files."""
        own = {name: held for name, held in self.state.items() if is_cog_file(name, cog)}
        if not own or len(await self.list_for_failure(fingerprint)) >= self._most:
            return None
        fits = {name: held for name, held in own.items() if len(held) <= self._largest}
        snapshot = CogSnapshot(
            failure_id=failure_id,
            fingerprint=fingerprint,
            cog=cog,
            at=self._clock.now(),
            files=tuple(sorted(fits)),
            left_out=tuple(sorted(own.keys() - fits.keys())),
        )
        self._snapshots.append((snapshot, fits))
        return snapshot

    async def list_for_failure(self, fingerprint: str) -> Sequence[CogSnapshot]:
        """Return the snapshots of a failure, newest first."""
        return [each for each, _ in reversed(self._snapshots) if each.fingerprint == fingerprint]

    async def read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        """Return what is in one."""
        return next((held for each, held in self._snapshots if each == snapshot), {})

    async def forget(self, before: datetime) -> int:
        """Remove those older than that."""
        kept = [(each, held) for each, held in self._snapshots if each.at >= before]
        gone = len(self._snapshots) - len(kept)
        self._snapshots = kept
        return gone

    async def list_for_person(
        self, subject: DataSubject, failures: Collection[str]
    ) -> Sequence[CogSnapshot]:
        """Return those of these failures, and those that hold the person's id."""
        marks = (str(subject.id).encode(), subject.id.to_bytes(8, "big"))
        return [
            each
            for each, held in self._snapshots
            if each.failure_id in failures
            or any(mark in content for content in held.values() for mark in marks)
        ]

    async def remove(self, snapshots: Collection[CogSnapshot]) -> None:
        """Remove these."""
        self._snapshots = [(each, held) for each, held in self._snapshots if each not in snapshots]


async def catch_up() -> None:
    """Do nothing, because nothing is buffered. Implements `bot.ports.traffic.CatchUp`."""
