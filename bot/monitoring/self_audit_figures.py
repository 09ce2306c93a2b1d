"""Figures of a self-audit: samples in; faults, pace and use out. Pure; memory by kind of action."""

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
_MOST_EVENTS = 4  # in the chart; the others are one
_OTHERS = "others"
_ENOUGH = 20  # actions on either side, before slower is called slower
_SLOWER, _SLOW_MS, _LEAST_MS = 1.5, 1_000.0, 100.0


class Period(NamedTuple):
    """The time that is told of, and an equal one before it. Seconds since 1970."""

    before: float
    since: float
    until: float

    @property
    def column(self) -> float:
        """How many seconds a column of the chart stands for."""
        return DAY if self.until - self.since > 2 * DAY else HOUR


class Figures:
    """Counts samples of both periods; those of the bot's own improvement work only as its cost.

    `name` tells events in words.
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

    # What was counted

    @property
    def has_comparison(self) -> bool:
        """Whether there is anything before to compare with."""
        return bool(self._used[1])

    @property
    def watched_since(self) -> datetime | None:
        """When the journal begins, where that is inside the period."""
        if not self.period.since < self.first_at <= self.period.until:
            return None
        return datetime.fromtimestamp(self.first_at, UTC)

    def count_actions(self, side: int) -> int:
        """Return how many actions there were, now (0) or before (1)."""
        return self._used[side].total()

    def count_failures(self, side: int) -> int:
        """Return how many of them failed."""
        return self._failed[side].total()

    def list_faults(self, groups: Iterable[FailureGroup]) -> tuple[AuditedFault, ...]:
        """Return what failed most, the most frequent first; `groups` tell what is raised where."""
        known = {group.fingerprint: group for group in groups}
        often = sorted(self._faults[0].items(), key=lambda each: (-each[1], each[0]))
        return tuple(self._build_fault(name, known.get(name)) for name, _ in often[:_MOST_FAULTS])

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
        """Return what is slow, or has become slower, by p95; the slowest first."""
        paces = (self._build_pace(event, sketch) for event, sketch in self._pace[0].items())
        told = [pace for pace in paces if _is_notable(pace)]
        return tuple(sorted(told, key=lambda pace: (-pace.p95_ms, pace.event)))

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
        """Return the labels of commands nobody used, and the cogs none of whose were used."""
        used = self._used[0]
        idle = sorted({each.label for each in abilities if not used[each.event]})
        awake = {each.cog for each in abilities if used[each.event]}
        return tuple(idle), tuple(sorted({each.cog for each in abilities} - awake))

    def build_columns(self) -> tuple[Column, ...]:
        """Return failures by day or hour, empty ones too."""
        shown = [event for event, _ in self._failed[0].most_common(_MOST_EVENTS)]
        width = self.period.column
        first = math.floor(self.period.since / width)
        last = math.floor(self.period.until / width)
        columns: dict[float, Counter[str]] = {n * width: Counter() for n in range(first, last + 1)}
        for (at, event), count in self._columns.items():
            columns[at][self._name(event) if event in shown else _OTHERS] += count
        return tuple(
            Column(at=datetime.fromtimestamp(at, UTC), counts=dict(counts))
            for at, counts in columns.items()
        )


def _is_notable(pace: ActionPace) -> bool:
    slow = pace.actions >= _ENOUGH and pace.p95_ms >= _SLOW_MS
    if pace.before_ms is None:
        return slow
    return slow or pace.p95_ms >= max(_LEAST_MS, _SLOWER * pace.before_ms)
