"""One side of a comparison: counts and durations."""

from collections import Counter
from collections.abc import Iterable
from math import isfinite

from bot.detection.statistics import compute_quantile
from bot.domain.samples import Sample
from bot.domain.watch import Side

UNCOUNTED = frozenset({"listener"})
"""Kinds that are journalled only when they fail, so the number of successes is unknown."""
_MOST_DURATIONS = 20_000


class ComparisonSide:
    """What happened on one side of a merge, in `minutes`.

    Without a `fingerprint`, every failure counts as the one to be fixed. Cancelled actions are not
    counted. `children` are the faults of that failure, if it is a group: a failure with only some
    of them is counted separately, in `part`.
    """

    def __init__(
        self,
        samples: Iterable[Sample],
        fingerprint: str | None,
        minutes: float,
        children: frozenset[str] = frozenset(),
    ) -> None:
        self.minutes = max(0.0, minutes)
        self.actions = self.failures = self.same = self.part = 0
        self._children = children
        self.others: Counter[str] = Counter()
        self.parts: Counter[str] = Counter()
        self.durations: list[float] = []  # of successful actions
        self.counted = True
        every, timed = 1, 0
        for sample in samples:
            if sample.outcome == "cancelled":
                continue
            self.actions += 1
            self.counted = self.counted and sample.kind not in UNCOUNTED
            if sample.is_failure:
                self._count_failure(sample, fingerprint)
            elif sample.duration_ms is not None and isfinite(sample.duration_ms):
                timed += 1
                if timed % every == 0:
                    self.durations.append(sample.duration_ms)
                if len(self.durations) >= _MOST_DURATIONS:  # half of them is a sufficient sample
                    self.durations, every = self.durations[::2], every * 2
        self.durations.sort()

    def _count_failure(self, sample: Sample, fingerprint: str | None) -> None:
        self.failures += 1
        if fingerprint is None or sample.fingerprint == fingerprint:
            self.same += 1
        elif found := self._children.intersection((sample.fingerprint, *sample.children)):
            self.part += 1
            self.parts.update(found)
        else:
            self.others[sample.fingerprint or sample.outcome] += 1

    @property
    def other(self) -> int:
        """The number of different failures."""
        return self.failures - self.same - self.part

    @property
    def went_well(self) -> float:
        """The share of actions that did not fail."""
        return 1 - self.failures / self.actions if self.actions else 0.0

    def compute_p95(self) -> float | None:
        """Return the 95th percentile of the durations, in milliseconds."""
        return compute_quantile(self.durations, 0.95) if self.durations else None

    def to_side(self) -> Side:
        """Return the side as it is stored."""
        return Side(
            actions=self.actions,
            failures=self.failures,
            same=self.same,
            part=self.part,
            p95_ms=self.compute_p95(),
            minutes=self.minutes,
        )
