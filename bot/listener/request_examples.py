"""What kind of request a message is by its meaning, in languages that the grammar does not know.

A sentence encoder says how close a message is to some example sentences; weights of the examples
turn that into probabilities. They only order the buttons of a question: nothing starts by them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bot.domain.intents import Intent, Setting, Utterance
from bot.grammar import ENGLISH, has_few_english_words
from bot.listener.second_opinion import ask_back

KINDS = (Intent.INVESTIGATE, Intent.CHANGE, Intent.ASK, Intent.CHAT)
"""What the columns of the file stand for."""
SCALE = 100
"""A weight of 1.0 is written as this integer."""
EXAMPLES = "examples.tsv"
_PROBABLE = 0.7  # of a request, of any kind


@dataclass(frozen=True)
class Examples:
    """Sentences with a weight for each kind, and a weight of each kind for every message."""

    sentences: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]
    bias: tuple[int, ...]

    def find_kinds(self, rates: Sequence[float]) -> tuple[Intent, ...]:
        """Return the kinds of request that a message may be, likeliest first; none for talk.

        Args:
            rates: How close the message is to each of the sentences.
        """
        columns = zip(*self.weights, strict=True)
        sums = [
            (bias + sum(rate * weight for rate, weight in zip(rates, column, strict=True))) / SCALE
            for bias, column in zip(self.bias, columns, strict=True)
        ]
        likelihoods = dict(zip(KINDS, (math.exp(each - max(sums)) for each in sums), strict=True))
        talk = likelihoods.pop(Intent.CHAT)
        requests = sum(likelihoods.values())
        if requests < _PROBABLE * (requests + talk):
            return ()
        return tuple(sorted(likelihoods, key=lambda kind: -likelihoods[kind]))


@cache
def load_examples() -> Examples:
    """Return the built-in examples. `python -m bench.hearing_examples` writes them."""
    lines = files(__package__).joinpath(EXAMPLES).read_text("utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("# ")]
    (_, *bias), *examples = rows
    return Examples(
        tuple(sentence for sentence, *_ in examples),
        tuple(tuple(map(int, weights)) for _, *weights in examples),
        tuple(map(int, bias)),
    )


def can_compare(text: str, utterance: Utterance, setting: Setting) -> bool:
    """Return whether the meaning of a message may be compared.

    It is talk for grammar and table, addressed to the bot, outside threads and proposals, and no
    chat model answers it.
    """
    if not setting.addressed or setting.about_a_proposal or setting.has_chat_model:
        return False
    is_foreign = utterance.language != ENGLISH or has_few_english_words(text)
    return utterance.intent is Intent.CHAT and is_foreign


def ask_by_meaning(utterance: Utterance, rates: Sequence[float]) -> Utterance:
    """Return the message as a question back, if it is close to requests; else unchanged."""
    kinds = load_examples().find_kinds(rates)
    return ask_back(utterance, kinds) if kinds else utterance
