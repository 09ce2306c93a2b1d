"""Follows the journal, judges every record, remembers where it was."""

import asyncio
import logging

from bot.detection import Detector, DetectorState
from bot.domain.anomaly import Anomaly
from bot.domain.errors import PortError, StoreError, TheseusError
from bot.domain.record import Record
from bot.domain.samples import Sample
from bot.domain.thresholds import Thresholds
from bot.monitoring.incident_repository import IncidentRepository
from bot.monitoring.incidents import IncidentTracker
from bot.periodic import run_periodically
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore

TURN_SECONDS = 1.0
SAVE_SECONDS = 15.0
CHUNK = 500
"""Records judged before others get a turn: some 20 ms."""
_SAVING_SHARE = 0.01  # of the time at most: to write down thousands of kinds takes half a second
_KEY_VALUES = "detection"
_PRUNE_SECONDS = 3_600.0
_log = logging.getLogger(__name__)


class Position(Record):
    """Where the follower is in the journal, and what the detector knew there: one row."""

    cursor: str | None = None
    number: int = 0
    detector: DetectorState = DetectorState()


class JournalFollower:
    """Follows the journal from where an earlier process was.

    What happened since the last save is judged again after a crash; the incidents know what they
    have counted by the records' numbers.
    """

    def __init__(
        self,
        journal: Journal,
        key_values: KeyValueStore,
        clock: Clock,
        thresholds: Thresholds,
        incident_repository: IncidentRepository,
        incidents: IncidentTracker,
    ) -> None:
        self._journal = journal
        self._key_values = key_values
        self._clock = clock
        self._thresholds = thresholds
        self._incident_repository = incident_repository
        self._incidents = incidents
        self._cursor: str | None = None
        self._number = 0
        self._moved = False
        self._trouble = ""
        self._torn = False  # the detector has seen part of what comes after the cursor
        self._saved_at = clock.get_monotonic_time()
        self._save_every = SAVE_SECONDS
        self._pruned_at = clock.get_monotonic_time()
        self._unreported: list[tuple[Anomaly, int]] = []
        self.detector = Detector(thresholds)

    def reconfigure(self, thresholds: Thresholds) -> None:
        """Judge by these from now on; what was counted until now goes on counting."""
        self._thresholds = thresholds
        self.detector = Detector(thresholds, self.detector.build_state())

    async def run_forever(self) -> None:
        """Look every second until cancelled, then remember where it was."""
        await self._take_up()
        try:
            await run_periodically(
                self._run_turn,
                self._clock,
                TURN_SECONDS,
                tolerated=PortError,
                failed=self._log_trouble,
            )
        finally:
            await self._remember()

    async def _run_turn(self) -> None:
        await self.turn()
        self._trouble = ""

    async def turn(self) -> None:
        """Judge what was written since the last turn. Raises `JournalError`, `StoreError`."""
        try:
            await self._catch_up()
            for anomaly in self.detector.tick(self._clock.get_time().timestamp()):
                self._unreported.append((anomaly, self._number))
            await self._report_anomalies()
        finally:
            self._incident_repository.busy = False
        self._incidents.resolve(self.detector)
        await self._save_now_and_then()

    def _log_trouble(self, error: TheseusError) -> None:
        """Log what keeps it from seeing, once for as long as it lasts."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            _log.warning("the follower could not see or remember; it tries again", exc_info=error)

    async def _catch_up(self) -> None:
        """See what was written, in chunks, so that others get a turn."""
        while True:
            followed = await self._journal.follow(self._cursor, limit=CHUNK)
            self._torn = True
            for sample in followed.samples:
                await self._see(sample)
            self._moved = self._moved or followed.cursor != self._cursor
            self._cursor, self._torn = followed.cursor, False
            if len(followed.samples) < CHUNK:
                return
            await self._save_now_and_then()
            await asyncio.sleep(0)

    async def _see(self, sample: Sample) -> None:
        self._number += 1
        self._incidents.see(sample, self._number)
        found = self.detector.see(sample)
        if found:
            self._unreported += [(anomaly, self._number) for anomaly in found]
            await self._report_anomalies()

    async def _report_anomalies(self) -> None:
        """Give what was found to the incidents; what fails is given again next time."""
        try:
            while self._unreported:
                self._incident_repository.busy = True
                await self._incidents.judge(*self._unreported[0])
                del self._unreported[0]
        except StoreError as error:
            _log.warning("an anomaly could not be kept: %s", error)

    async def _take_up(self) -> None:
        try:
            position = await self._key_values.get(_KEY_VALUES, Position)
        except StoreError:
            _log.exception("where the follower was cannot be read; it begins now")
            position = None
        counted = self._incidents.begin()
        if position is None:
            self._number = counted
            self._saved_at -= SAVE_SECONDS  # the very first look is remembered at once
            return
        self._cursor, self._number = position.cursor, position.number
        self.detector = Detector(self._thresholds, position.detector)

    async def _save_now_and_then(self) -> None:
        now = self._clock.get_monotonic_time()
        if now - self._saved_at >= self._save_every:
            await self._save()
        if now - self._pruned_at >= _PRUNE_SECONDS:
            self._pruned_at = now
            await self._incident_repository.prune(self._clock.get_time())

    async def _save(self) -> None:
        """Keep incidents and position. What is found but not handed over is found again."""
        self._saved_at = self._clock.get_monotonic_time()
        self._incidents.fold()
        await self._incident_repository.flush()
        if self._moved and not self._torn and not self._unreported:
            self._moved = False
            await self._key_values.put(_KEY_VALUES, self._build_position())

    def _build_position(self) -> Position:
        began = self._clock.get_monotonic_time()
        state = self.detector.build_state()
        taken = self._clock.get_monotonic_time() - began
        self._save_every = max(SAVE_SECONDS, taken / _SAVING_SHARE)
        return Position.model_construct(cursor=self._cursor, number=self._number, detector=state)

    async def _remember(self) -> None:
        """Save at the end; there is nobody left to try again."""
        try:
            await self._save()
        except StoreError:
            _log.exception("the follower could not remember where it was")
