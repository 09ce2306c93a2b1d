"""Counters of journalled actions, with a bounded set of labels."""

from collections import Counter

from bot.domain.journal import ActionOutcome, Kind
from bot.domain.samples import Sample

_KINDS = frozenset(map(str, Kind))
_OUTCOMES = frozenset(map(str, ActionOutcome))
OTHER = "other"


class ActionCounter:
    """Counts actions since this start, by kind and outcome.

    Kinds and outcomes that are not ours become `other`, so the number of labels stays bounded.
    """

    def __init__(self) -> None:
        self.actions: Counter[tuple[str, str]] = Counter()
        self.newest: float | None = None

    def count(self, sample: Sample) -> None:
        """Count one action of the journal."""
        kind = sample.kind if sample.kind in _KINDS else OTHER
        outcome = sample.outcome if sample.outcome in _OUTCOMES else OTHER
        self.actions[kind, outcome] += 1
        self.newest = max(sample.at, self.newest or sample.at)
