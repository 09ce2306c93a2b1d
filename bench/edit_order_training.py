"""Learns the order of edits: a choice among the edits of a place, given which one was the fix.

A conditional logit: the likelihood of an edit is the softmax of the sum of its features' weights
over all edits of that place. It only has to say which comes first, so nothing needs a bias.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_PASSES = 150
_STEP = 0.1
_STRENGTH = 1.0  # of the pull towards 0
_LEAST_COUNT = 3  # fixes that must have a feature
_SCALE = 100
OWN = "own weight"  # the logarithm of the rank that the search gives an edit today


@dataclass(frozen=True, slots=True)
class EditOrder:
    """The weights of features, as hundredths of a natural logarithm."""

    weights: Mapping[str, int]

    def score(self, rank: float, features: Iterable[str]) -> float:
        """Return how likely an edit is; only comparisons with others mean anything."""
        if rank <= 0:
            return -math.inf
        total = sum(self.weights.get(feature, 0) for feature in features)
        return (self.weights.get(OWN, _SCALE) * math.log(rank) + total) / _SCALE


class Choice(NamedTuple):
    """The edits of a place, in today's order (rank and features of each), and the right ones."""

    edits: Sequence[tuple[float, Sequence[str]]]
    right: Sequence[int]


def train_order(choices: Sequence[Choice], strength: float = _STRENGTH) -> EditOrder:
    """Return the order that the choices teach; the same for the same choices."""
    seen = Counter(
        feature
        for choice in choices
        for feature in {each for at in choice.right for each in choice.edits[at][1]}
    )
    proposed = Counter(
        feature
        for choice in choices
        for feature in {each for _, features in choice.edits for each in features}
    )
    # What never was the fix teaches as well, if it was proposed often.
    names = [
        name for name in sorted(proposed) if seen[name] >= _LEAST_COUNT or proposed[name] >= 40
    ]
    model = _Model(choices, {name: at for at, name in enumerate(names, 1)})
    weights = model.fit(strength)
    whole = {name: round(float(weights[at]) * _SCALE) for at, name in enumerate([OWN, *names])}
    return EditOrder({name: weight for name, weight in whole.items() if abs(weight) >= 5})


class _Model:
    """All edits of all choices in flat arrays. Place 0 of the weights is the own weight's."""

    def __init__(self, choices: Sequence[Choice], places: Mapping[str, int]) -> None:
        ids, rows, starts, own, right = [], [], [], [], []
        row = 0
        for choice in choices:
            starts.append(row)
            good = set(choice.right)
            for at, (rank, features) in enumerate(choice.edits):
                own.append(math.log(max(rank, 1e-6)))
                right.append(at in good)
                for feature in features:
                    if feature in places:
                        ids.append(places[feature])
                        rows.append(row)
                row += 1
        self._ids, self._rows = np.array(ids), np.array(rows)
        self._own, self._right = np.array(own), np.array(right)
        self._starts = np.array(starts)
        self._lengths = np.diff([*starts, row])
        self._size, self._count = len(places) + 1, row

    def fit(self, strength: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """Return the weights after a fixed number of passes (Adam)."""
        weights, mean, square = (np.zeros(self._size) for _ in range(3))
        weights[0] = 1.0
        prior = weights.copy()
        for turn in range(1, _PASSES + 1):
            slope = self._compute_slope(weights) - strength * (weights - prior)
            mean = 0.9 * mean + 0.1 * slope
            square = 0.99 * square + 0.01 * slope**2
            step = (mean / (1 - 0.9**turn)) / (np.sqrt(square / (1 - 0.99**turn)) + 1e-8)
            weights = weights + _STEP * step * (1 - turn / (_PASSES + 1))
        return weights

    def _compute_slope(
        self, weights: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    ) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """Return the slope of the log likelihood: right edits' features less expected ones."""
        sums = np.bincount(self._rows, weights[self._ids], self._count) + weights[0] * self._own
        sums -= np.repeat(np.maximum.reduceat(sums, self._starts), self._lengths)
        likely = np.exp(sums)
        chance = likely / np.repeat(np.add.reduceat(likely, self._starts), self._lengths)
        good = likely * self._right
        target = good / np.repeat(np.add.reduceat(good, self._starts), self._lengths)
        error = target - chance
        slope = np.bincount(self._ids, error[self._rows], self._size).astype(np.float64)
        slope[0] = error @ self._own
        return slope


@dataclass(frozen=True)
class Ranks:
    """The places of the right edits, from 1, and how many edits there were for each."""

    places: tuple[int, ...]
    totals: tuple[int, ...]

    @property
    def median(self) -> float:
        """The median place."""
        return float(np.median(self.places))

    def count_first(self, count: int) -> int:
        """Return how many right edits are among the first so many."""
        return sum(place <= count for place in self.places)

    def count_first_part(self, part: float) -> int:
        """Return how many right edits are within this first part of all edits."""
        pairs = zip(self.places, self.totals, strict=True)
        return sum(place <= math.ceil(part * total) for place, total in pairs)


def rank_choices(choices: Iterable[Choice], order: EditOrder | None) -> Ranks:
    """Return the places of the right edits in an order; without one, as the edits are sorted."""
    found = [(_rank(choice, order), len(choice.edits)) for choice in choices]
    return Ranks(tuple(place for place, _ in found), tuple(total for _, total in found))


def _rank(choice: Choice, order: EditOrder | None) -> int:
    scores = list(_score(choice, order))
    best = max(scores[at] for at in choice.right)
    first = min(at for at in choice.right if scores[at] == best)
    return 1 + sum(
        score > best or (score == best and at < first) for at, score in enumerate(scores)
    )


def _score(choice: Choice, order: EditOrder | None) -> Iterator[float]:
    for rank, features in choice.edits:
        yield rank if order is None else order.score(rank, features)
