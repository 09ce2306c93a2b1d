"""Writes traffic in the background, so that it does not delay the answers.

While an action runs, only references to the payloads are stored. A moment later, a thread builds
the records, cleans them, and writes them together.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import structlog
from theseus_guard.completion import run_in_thread

from bot.domain.errors import StoreError
from bot.domain.traffic import TrafficRecord
from bot.periodic import run_periodically
from bot.ports.clock import Clock
from bot.ports.traffic import SnapshotStore, TrafficLog

MOST_WAITING = 1_000
_EVERY = 1.0  # seconds
_LOOKAHEAD_SECONDS = 8.0  # seconds before it is due, what was answered is mostly over
_log = structlog.stdlib.get_logger(__name__)


class Unwritten(Protocol):
    """Something that becomes a record once it is over."""

    @property
    def due(self) -> float:
        """Return when that is, on the clock's `monotonic`."""
        ...

    def finish(self) -> TrafficRecord | None:
        """Return the record, or `None` if there is nothing to store. Called once, in a thread."""
        ...


class FailedCog(NamedTuple):
    """A failure whose cog's files are to be copied."""

    cog: str
    fingerprint: str
    failure_id: str


class TrafficRecorder:
    """Accepts traffic at once and writes it in the background. It never makes an action fail.

    If the process is killed, the traffic of the last second is lost. `commit` returns the commit
    that runs, and `secret` is the key of pseudonyms and digests.
    """

    def __init__(
        self,
        log: TrafficLog,
        snapshots: SnapshotStore,
        clock: Clock,
        secret: bytes,
        commit: Callable[[], str | None],
    ) -> None:
        self.clock = clock
        self.secret = secret
        self.commit = commit
        self._traffic_log = log
        self._snapshots = snapshots
        self._waiting: deque[Unwritten] = deque()
        self._failed: deque[FailedCog] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._dropped = 0

    def add(self, unwritten: Unwritten) -> None:
        """Keep it when it is over; where too much waits already, it is dropped."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(unwritten)
        else:
            self._dropped += 1

    def record_failure(self, cog: str, fingerprint: str, failure_id: str) -> None:
        """Queue a copy of the cog's files."""
        self._failed.append(FailedCog(cog, fingerprint, failure_id))
        self._wake.set()

    async def run_forever(self) -> None:
        """Write until cancelled, then write what is left."""
        try:
            await run_periodically(self.write, self.clock, _EVERY, wake=self._wake)
        finally:
            await self.write(flush=True)

    async def catch_up(self) -> None:
        """Write answers of the last seconds now, for code that is about to read the log.

        A press without an error until now counts as successful, although it could still fail.
        """
        await self.write(lookahead=_LOOKAHEAD_SECONDS)

    async def write(self, *, lookahead: float = 0.0, flush: bool = False) -> None:
        """Write the exchanges that are due within `lookahead` seconds; with `flush`, all of them.

        An error is logged, and the affected exchanges are lost.
        """
        # The lock also makes the caller wait for a write in progress.
        async with self._writing:
            await self._write_due(self.clock.monotonic() + lookahead, flush=flush)

    async def _write_due(self, now: float, *, flush: bool) -> None:
        while self._failed:
            await self._copy(self._failed.popleft())
        over: list[Unwritten] = []
        waiting: deque[Unwritten] = deque()
        for each in self._waiting:
            (over if flush or each.due <= now else waiting).append(each)
        if over:
            self._waiting = waiting
            records = await run_in_thread(_build_records, over)
            await self._write(records)
        if self._dropped:
            _log.warning("%d interactions were not kept: too many at once", self._dropped)
            self._dropped = 0

    async def _write(self, records: Sequence[TrafficRecord]) -> None:
        if not records:
            return
        try:
            await self._traffic_log.record(records)
        except StoreError as error:
            _log.warning("%d interactions were not kept: %s", len(records), error)

    async def _copy(self, failed: FailedCog) -> None:
        try:
            await self._snapshots.take(*failed)
        except StoreError as error:
            _log.warning("the files of %s were not copied: %s", failed.cog, error)


def _build_records(due: Sequence[Unwritten]) -> list[TrafficRecord]:
    records, strange = [], Counter[str]()
    for each in due:
        try:
            record = each.finish()
        except Exception as error:  # noqa: BLE001  # payloads of Discord may have any shape
            strange[type(error).__name__] += 1  # not its message, which may quote a person

            continue
        if record is not None:
            records.append(record)
    for name, number in strange.items():
        _log.warning("%d interactions were not kept: %s", number, name)
    return records
