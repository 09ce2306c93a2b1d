"""Computes the figures of a self-audit from samples: faults, speed and use. No I/O."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bot.detection.sketch import Sketch, find_bin
from bot.domain.journal import FailureGroup
from bot.domain.samples import Sample
from bot.domain.self_audit import Ability, ActionPace, AuditedFault, Column

DAY, HOUR = 86_400.0, 3_600.0
_MOST_FAULTS = 20
_MOST_PEOPLE = 1_000
_MOST_EVENTS = 4  # in the chart; all others are combined
_OTHERS = "others"
_ENOUGH = 20  # actions in each period that a comparison needs
# An action is slow from one second, or if it takes half again as long as before. Below 100 ms
# people notice neither.
_SLOWER, _SLOW_MS, _LEAST_MS = 1.5, 1_000.0, 100.0


class Period(NamedTuple):
    """The period of the report, and an equal one before it. Seconds since 1970."""

    before: float
    since: float
    until: float

    @property
    def column(self) -> float:
        """The length of a column of the chart in seconds."""
        return DAY if self.until - self.since > 2 * DAY else HOUR


class Figures:
    """Counts the samples of both periods. The bot's own improvement work counts only as cost.

    `name` converts an event to its name for people.
    """

    def __init__(self, period: Period, name: Callable[[str], str] = str) -> None:
        self.period = period
        self._name = name
        self.first_at = math.inf
        self.paid: set[str] = set()  # events that may have cost something
        self._used: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._failed: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._faults: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._pace: tuple[dict[str, Sketch], dict[str, Sketch]] = ({}, {})
        self._people: dict[str, set[str]] = {}
        self._newest: dict[str, Sample] = {}
        self._columns: dict[tuple[float, str], int] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        """Count these samples, in any order."""
        for sample in samples:
            self.first_at = min(self.first_at, sample.at)
            if sample.kind in ("model", "chat"):
                self.paid.add(sample.event)
            if not sample.own and self.period.before <= sample.at <= self.period.until:
                self._count(sample, 0 if sample.at >= self.period.since else 1)

    def _count(self, sample: Sample, side: int) -> None:
        self._used[side][sample.event] += 1
        if sample.is_failure:
            self._failed[side][sample.event] += 1
            if sample.fingerprint is not None:
                self._faults[side][sample.fingerprint] += 1
            if side == 0:
                self._note_failure(sample)
        elif sample.outcome == "ok" and sample.duration_ms is not None:
            duration = sample.duration_ms
            if math.isfinite(duration) and duration >= 0:
                self._pace[side].setdefault(sample.event, Sketch()).add(find_bin(duration))

    def _note_failure(self, sample: Sample) -> None:
        width = self.period.column
        place = (math.floor(sample.at / width) * width, sample.event)
        self._columns[place] = self._columns.get(place, 0) + 1
        if sample.fingerprint is None:
            return
        known = self._newest.get(sample.fingerprint)
        if known is None or known.at <= sample.at:
            self._newest[sample.fingerprint] = sample
        people = self._people.setdefault(sample.fingerprint, set())
        if sample.user is not None and len(people) < _MOST_PEOPLE:
            people.add(sample.user)

    # Results

    @property
    def has_comparison(self) -> bool:
        """True if the period before has any actions to compare with."""
        return bool(self._used[1])

    @property
    def watched_since(self) -> datetime | None:
        """When the journal begins, if that is inside the period."""
        if not self.period.since < self.first_at <= self.period.until:
            return None
        return datetime.fromtimestamp(self.first_at, UTC)

    def count_actions(self, side: int) -> int:
        """Return the number of actions, now (`side` 0) or before (1)."""
        return self._used[side].total()

    def count_failures(self, side: int) -> int:
        """Return the number of failed actions, now (`side` 0) or before (1)."""
        return self._failed[side].total()

    def list_faults(self, groups: Iterable[FailureGroup]) -> tuple[AuditedFault, ...]:
        """Return the most frequent faults first; `groups` add where each is raised."""
        known = {group.fingerprint: group for group in groups}
        by_count = sorted(self._faults[0].items(), key=lambda each: (-each[1], each[0]))
        return tuple(
            self._build_fault(name, known.get(name)) for name, _ in by_count[:_MOST_FAULTS]
        )

    def _build_fault(self, fingerprint: str, group: FailureGroup | None) -> AuditedFault:
        newest = self._newest[fingerprint]
        error = group.newest.error if group else None
        frame = error.innermost if error else None
        return AuditedFault(
            fingerprint=fingerprint,
            event=newest.event,
            name=self._name(newest.event),
            count=self._faults[0][fingerprint],
            before=self._faults[1][fingerprint],
            people=len(self._people[fingerprint]),
            exception=error.exception if error else "",
            file=frame.file if frame else "",
            line=frame.line if frame else 0,
            function=frame.function if frame else "",
            last_at=newest.when,
            newest_id=newest.id,
        )

    def list_slow(self) -> tuple[ActionPace, ...]:
        """Return the actions that are slow or have become slower, by p95, slowest first."""
        paces = (self._build_pace(event, sketch) for event, sketch in self._pace[0].items())
        notable = [pace for pace in paces if _is_notable(pace)]
        return tuple(sorted(notable, key=lambda pace: (-pace.p95_ms, pace.event)))

    def _build_pace(self, event: str, now: Sketch) -> ActionPace:
        before = self._pace[1].get(event)
        enough = before is not None and min(now.total, before.total) >= _ENOUGH
        return ActionPace(
            event=event,
            name=self._name(event),
            actions=now.total,
            p95_ms=now.compute_quantile(0.95),
            before_ms=before.compute_quantile(0.95) if before is not None and enough else None,
        )

    def find_unused(self, abilities: Sequence[Ability]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the labels of unused commands, and the cogs without any used command."""
        used = self._used[0]
        idle = sorted({each.label for each in abilities if not used[each.event]})
        active_cogs = {each.cog for each in abilities if used[each.event]}
        return tuple(idle), tuple(sorted({each.cog for each in abilities} - active_cogs))

    def build_columns(self) -> tuple[Column, ...]:
        """Return the failures per day or hour, including empty columns."""
        top_events = [event for event, _ in self._failed[0].most_common(_MOST_EVENTS)]
        width = self.period.column
        first = math.floor(self.period.since / width)
        last = math.floor(self.period.until / width)
        columns: dict[float, Counter[str]] = {n * width: Counter() for n in range(first, last + 1)}
        for (at, event), count in self._columns.items():
            columns[at][self._name(event) if event in top_events else _OTHERS] += count
        return tuple(
            Column(at=datetime.fromtimestamp(at, UTC), counts=dict(counts))
            for at, counts in columns.items()
        )


def _is_notable(pace: ActionPace) -> bool:
    slow = pace.actions >= _ENOUGH and pace.p95_ms >= _SLOW_MS
    if pace.before_ms is None:
        return slow
    return slow or pace.p95_ms >= max(_LEAST_MS, _SLOWER * pace.before_ms)
