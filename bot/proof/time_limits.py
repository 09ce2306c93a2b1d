"""How fast an answer is to be, where the words that were agreed to say so."""

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
"""Beyond that nobody speaks of an answer's time, but of what the command does."""


def find_promised_ms(brief: Brief) -> float | None:
    """Return within how many milliseconds people are to be answered; `None`: nobody said.

    It is looked for in the person's own words, in ours and in the examples'; the shortest counts.
    """
    told = (brief.request, brief.understood, *(each.expected for each in brief.acceptances))
    return min((each for text in told for each in _find_times(text)), default=None)


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
