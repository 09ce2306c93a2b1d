"""Counts the journal by days: everything that a measure is computed from."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.detection.sketch import Sketch, find_bin
from bot.domain.incident import INCIDENT, Incident
from bot.domain.journal import JournalQuery, Kind
from bot.domain.samples import Sample
from bot.monitoring.sample_batches import iterate_samples
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.ledger import Ledger

DAY = timedelta(days=1)
_MOST_PEOPLE = 100_000
USES = frozenset({Kind.COMMAND, Kind.CONTEXT_MENU})
"""Kinds of action that count as the use of a command."""
_ANSWERS = USES | {Kind.COMPONENT}


class DayFigures:
    """What happened within 24 hours, without the bot's work on itself.

    `used`, `failed`, `crashed` and `paces` are by event; `faults`, `newest` and `hurt` (people who
    saw it) are by fingerprint.
    """

    def __init__(self) -> None:
        self.actions = 0
        self.used: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.crashed: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.newest: dict[str, Sample] = {}
        self.paces: dict[str, Sketch] = {}
        self.people: set[str] = set()
        self.hurt: dict[str, set[str]] = {}
        self.open_incidents = 0
        self.usd = 0.0

    def add(self, sample: Sample) -> None:
        """Count one action of people."""
        self.actions += 1
        if sample.user is not None and len(self.people) < _MOST_PEOPLE:
            self.people.add(sample.user)
        if sample.kind in USES:
            self.used[sample.event] += 1
        if sample.is_failure:
            self._add_failure(sample)
        elif sample.kind in _ANSWERS and sample.outcome == "ok":
            duration = sample.duration_ms
            if duration is not None and math.isfinite(duration) and duration >= 0:
                self.paces.setdefault(sample.event, Sketch()).add(find_bin(duration))

    def _add_failure(self, sample: Sample) -> None:
        self.failed[sample.event] += 1
        if sample.fingerprint is None:
            return
        self.crashed[sample.event] += 1
        self.faults[sample.fingerprint] += 1
        self.newest[sample.fingerprint] = sample
        if sample.user is not None:
            self.hurt.setdefault(sample.fingerprint, set()).add(sample.user)


@dataclass(frozen=True, eq=False)
class DailyFigures:
    """Days of 24 hours that end at `until`, oldest first. The records begin at `first_at`.

    If they began before the first day, it is the start of that day; `None` if there are none.
    """

    until: datetime
    days: Sequence[DayFigures]
    first_at: datetime | None = None

    @property
    def observed_days(self) -> float:
        """For how many of the days there are records."""
        if self.first_at is None:
            return 0.0
        return min(max((self.until - self.first_at) / DAY, 0.0), float(len(self.days)))

    def find_day(self, at: datetime) -> int | None:
        """Return the index of the day that contains the time, or `None`."""
        age = math.floor((self.until - at) / DAY)
        index = len(self.days) - 1 - age
        return index if 0 <= index < len(self.days) else None


@dataclass(frozen=True, eq=False)
class FigureCollector:
    """Reads journal, incidents and ledger. Without a ledger, nothing costs anything."""

    journal: Journal
    key_values: KeyValueStore
    clock: Clock
    ledger: Ledger | None = None

    async def collect(self, number: int) -> DailyFigures:
        """Return the figures of the last `number` days. Raises `JournalError`, `StoreError`."""
        until = self.clock.now()
        since = until - number * DAY
        days = [DayFigures() for _ in range(number)]
        figures = DailyFigures(until, days)
        first_at = await self._count_samples(figures, since)
        if await self.journal.read(JournalQuery(until=since, limit=1)):
            first_at = since  # the records began earlier, and no one did anything at first
        incidents = await self.key_values.list_records(INCIDENT, Incident)
        for index, day in enumerate(days):
            end = until - (number - 1 - index) * DAY
            day.open_incidents = sum(_is_open_at(each, end) for each in incidents)
        if self.ledger is not None:
            for charge in await self.ledger.sum_charges(since=since):
                age = (until.date() - charge.day).days
                if 0 <= age < number:
                    days[number - 1 - age].usd += charge.cost_usd
        return DailyFigures(until, days, first_at)

    async def _count_samples(self, figures: DailyFigures, since: datetime) -> datetime | None:
        first_at = None
        async for batch in iterate_samples(self.journal, since, figures.until):
            first_at = first_at or batch[0].when
            _add_samples(figures, batch)
        return first_at


def _add_samples(figures: DailyFigures, samples: Iterable[Sample]) -> None:
    for sample in samples:
        if sample.own:
            continue
        index = figures.find_day(sample.when)
        if index is not None:
            figures.days[index].add(sample)


def _is_open_at(incident: Incident, at: datetime) -> bool:
    is_over = incident.resolved_at is not None and incident.resolved_at <= at
    return incident.since <= at and not is_over
