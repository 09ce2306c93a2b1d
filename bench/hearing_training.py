"""Trains the listener's table: logistic regression over the features of labelled sentences."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bot.listener.features import extract_features
from bot.listener.labels import check_label
from bot.listener.table import BIAS, SCALE, HearingTable

_LEAST_COUNT = 3  # rarer features say more about a sentence than about its kind
_EPOCHS = 4
_RATE = 0.3
_SMALLEST = 40  # a smaller weight changes hardly any answer, and makes the table longer
_SEED = 7


class Example(NamedTuple):
    """A labelled sentence; `weight` is how much it counts, 1.0 for an average one."""

    text: str
    label: str
    weight: float = 1.0


@dataclass(frozen=True)
class Trained:
    """The table, and how many sentences and features it was made from."""

    table: HearingTable
    examples: int
    features: int


def train(examples: Iterable[Example], *, rows: int = 7_000) -> Trained:
    """Return the table that the examples teach; the same for the same examples.

    Args:
        examples: Labelled sentences. At least one label is `chat`.
        rows: The most features that the table keeps: those with the largest weights.

    Raises `ValueError` for a label that would decide something.
    """
    given = list(examples)
    labels = tuple(sorted({check_label(each.label) for each in given}))
    seen = [extract_features(each.text) for each in given]
    counts = Counter(feature for features in seen for feature in features)
    names = [name for name, count in counts.items() if count >= _LEAST_COUNT]
    places = {name: place for place, name in enumerate(names)}
    vectors = [
        np.array([*(places[each] for each in features if each in places), len(names)])
        for features in seen
    ]
    targets = [labels.index(each.label) for each in given]
    weights = _fit_weights(
        vectors, targets, [each.weight for each in given], len(names) + 1, len(labels)
    )
    table = _build_table(labels, [*names, BIAS], weights, rows)
    return Trained(table, len(given), len(names))


def _fit_weights(
    vectors: Sequence["np.ndarray[tuple[int], np.dtype[np.int64]]"],
    targets: Sequence[int],
    importance: Sequence[float],
    features: int,
    labels: int,
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return the weights (features x labels) after a few passes with falling steps (AdaGrad)."""
    weights, steps = np.zeros((features, labels)), np.full((features, labels), 1e-3)
    chance = np.random.default_rng(_SEED)
    for _ in range(_EPOCHS):
        for place in chance.permutation(len(vectors)):
            vector = vectors[place]
            length = 1 / math.sqrt(len(vector))
            sums = weights[vector].sum(axis=0) * length
            likelihoods = np.exp(sums - sums.max())
            errors = likelihoods / likelihoods.sum()
            errors[targets[place]] -= 1
            change = errors * (importance[place] * length)
            steps[vector] += change * change
            weights[vector] -= _RATE * change / np.sqrt(steps[vector])
    return weights


def _build_table(
    labels: tuple[str, ...],
    names: Sequence[str],
    weights: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    rows: int,
) -> HearingTable:
    whole = np.rint(weights * SCALE).astype(int)
    whole[np.abs(whole) < _SMALLEST] = 0
    spread = whole.max(axis=1) - whole.min(axis=1)
    spread[-1] = spread.max() + 1  # the bias stays
    kept = [place for place in np.argsort(-spread, kind="stable")[: rows + 1] if spread[place]]
    return HearingTable(labels, {names[place]: tuple(map(int, whole[place])) for place in kept})
