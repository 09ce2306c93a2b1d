"""Counting what the journal tells, by labels of which there are few."""

from collections import Counter

from bot.domain.journal import ActionOutcome, Kind
from bot.domain.samples import Sample

_KINDS = frozenset(map(str, Kind))
_OUTCOMES = frozenset(map(str, ActionOutcome))
OTHER = "other"


class ActionCounter:
    """Actions since this start, by kind and outcome; whatever a line says, the labels are ours."""

    def __init__(self) -> None:
        self.actions: Counter[tuple[str, str]] = Counter()
        self.newest: float | None = None

    def count(self, sample: Sample) -> None:
        """Count one action."""
        kind = sample.kind if sample.kind in _KINDS else OTHER
        outcome = sample.outcome if sample.outcome in _OUTCOMES else OTHER
        self.actions[kind, outcome] += 1
        self.newest = max(sample.at, self.newest or sample.at)
