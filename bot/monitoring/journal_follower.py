"""Follows the journal, passes every record to the detector, and stores its position."""

import asyncio

import structlog
from theseus_guard.record import Record

from bot.detection import Detector, DetectorState
from bot.domain.anomaly import Anomaly
from bot.domain.errors import PortError, StoreError, TheseusError
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
"""Records judged before other tasks get a turn: about 20 ms."""
_SAVING_SHARE = 0.01  # at most this share of time: saving thousands of events takes half a second
_KEY_VALUES = "detection"
_PRUNE_SECONDS = 3_600.0
_log = structlog.stdlib.get_logger(__name__)


class Position(Record):
    """The follower's position in the journal, and the detector's state there. Stored as one row."""

    cursor: str | None = None
    number: int = 0
    detector: DetectorState = DetectorState()


class JournalFollower:
    """Follows the journal from where an earlier process stopped.

    After a crash, the records since the last save are judged again. Incidents recognise counted
    records by their numbers.
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
        self._torn = False  # the detector has seen some records after the cursor
        self._saved_at = clock.monotonic()
        self._save_every = SAVE_SECONDS
        self._pruned_at = clock.monotonic()
        self._unreported: list[tuple[Anomaly, int]] = []
        self.detector = Detector(thresholds)

    def reconfigure(self, thresholds: Thresholds) -> None:
        """Use these thresholds from now on. The counts so far are kept."""
        self._thresholds = thresholds
        self.detector = Detector(thresholds, self.detector.build_state())

    async def run_forever(self) -> None:
        """Poll every second until cancelled, then save the position."""
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
        """Judge the records written since the last turn. Raises `JournalError`, `StoreError`."""
        try:
            await self._catch_up()
            for anomaly in self.detector.tick(self._clock.now().timestamp()):
                self._unreported.append((anomaly, self._number))
            await self._report_anomalies()
        finally:
            self._incident_repository.mark_busy(False)
        self._incidents.resolve(self.detector)
        await self._save_now_and_then()

    def _log_trouble(self, error: TheseusError) -> None:
        """Log an error once for as long as the same error repeats."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            _log.warning("the follower could not read or save; it will try again", exc_info=error)

    async def _catch_up(self) -> None:
        """Read the new records in chunks, so that other tasks get a turn."""
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
        """Pass the anomalies to the incidents.

        After an error, the next turn passes the rest again.
        """
        try:
            while self._unreported:
                self._incident_repository.mark_busy(True)
                await self._incidents.judge(*self._unreported[0])
                del self._unreported[0]
        except StoreError as error:
            _log.warning("an anomaly could not be stored: %s", error)

    async def _take_up(self) -> None:
        try:
            position = await self._key_values.get(_KEY_VALUES, Position)
        except StoreError:
            _log.exception("the follower's position cannot be read; it starts without one")
            position = None
        counted = self._incidents.begin()
        if position is None:
            self._number = counted
            self._saved_at -= SAVE_SECONDS  # the first position is saved at once
            return
        self._cursor, self._number = position.cursor, position.number
        self.detector = Detector(self._thresholds, position.detector)

    async def _save_now_and_then(self) -> None:
        now = self._clock.monotonic()
        if now - self._saved_at >= self._save_every:
            await self._save()
        if now - self._pruned_at >= _PRUNE_SECONDS:
            self._pruned_at = now
            await self._incident_repository.prune(self._clock.now())

    async def _save(self) -> None:
        """Save incidents and position. The position waits while anomalies are not passed on yet."""
        self._saved_at = self._clock.monotonic()
        self._incidents.fold()
        await self._incident_repository.flush()
        if self._moved and not self._torn and not self._unreported:
            self._moved = False
            await self._key_values.put(_KEY_VALUES, self._build_position())

    def _build_position(self) -> Position:
        began = self._clock.monotonic()
        state = self.detector.build_state()
        duration = self._clock.monotonic() - began
        self._save_every = max(SAVE_SECONDS, duration / _SAVING_SHARE)
        # `model_construct` skips validation, which would take longer than building the state.
        return Position.model_construct(cursor=self._cursor, number=self._number, detector=state)

    async def _remember(self) -> None:
        """Save at the end. An error is only logged, because no later turn can try again."""
        try:
            await self._save()
        except StoreError:
            _log.exception("the follower could not save its position")
