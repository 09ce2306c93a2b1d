"""Finds the agreed response time in the texts of a brief."""

import re
from collections.abc import Iterator

from bot.domain.brief import Brief

_SENTENCE = re.compile(r"[^.!?;\n]*(?:\.\d[^.!?;\n]*)*")
_ANSWERS = re.compile(
    r"\b(?:answer|respon[ds]|repl[iy]|react|come|load|return|finish|take|fast|quick|soon)", re.I
)
_WITHIN = re.compile(
    r"\b(?:under|within|below|(?:in )?less than|at most|no more than|no longer than|faster than)"
    r"\s+(?P<number>\d{1,5}(?:\.\d{1,3})?|an?|one|two|three|five|ten|half a)\s*"
    r"(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b",
    re.I,
)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "five": 5, "ten": 10, "half a": 0.5}
_LONGEST_MS = 60_000.0
"""Longer times are ignored: they are about what a command does, not about its response time."""


def find_promised_ms(brief: Brief) -> float | None:
    """Return the agreed response time in milliseconds, or `None`.

    It is searched in the person's text, in ours and in the examples; the shortest counts.
    """
    expected = (example.expected for example in brief.acceptances)
    texts = (brief.request, brief.understood, *expected)
    return min((time for text in texts for time in _find_times(text)), default=None)


def _find_times(text: str) -> Iterator[float]:
    for sentence in _SENTENCE.findall(text):
        if _ANSWERS.search(sentence) is None:
            continue
        for found in _WITHIN.finditer(sentence):
            number = found["number"].lower()
            value = float(_NUMBERS.get(number) or number)
            took = value if found["unit"].lower().startswith("m") else value * 1_000
            if 0 < took <= _LONGEST_MS:
                yield took
