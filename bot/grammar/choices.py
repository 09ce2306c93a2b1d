"""Parse the answer to a question with choices or values: "3", "the second", "neither"."""

import re
from collections.abc import Sequence
from contextlib import suppress

from theseus_guard.syntax import evaluate_literal

_ORDINALS = (
    ("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"),
)  # fmt: skip
_PLACE = re.compile(r"(?:the )?(?P<place>\w+)(?: (?:one|answer|option|choice))?")
_NAMED_PLACE = re.compile(r"(?:the )?(?:answer|option|choice|number) (?P<number>\d)")
_AROUND = re.compile(
    r"^(?:(?:it|that|this)(?: should (?:be|answer|say)|.s| is| answers)? "
    r"|(?:i'd say|i say|use|take|should be) |)"
    r"(?P<said>.+?)"
    r"(?: (?:is|.s|would be|looks) (?:right|correct|it)|(?:,? please))?$",
    re.IGNORECASE,
)
_NO_CHOICES = ("neither", "something else")
_LONGEST = 100
_NEITHER = frozenset({
    "neither", "none", "neither of them", "neither of these", "neither of those", "none of them",
    "none of these", "none of those", "neither one", "both are wrong", "all are wrong",
})  # fmt: skip


def find_choice(text: str, choices: Sequence[str]) -> int | None:
    """Return the index of the chosen answer, from 0; None if that is not clear.

    An answer's own text has priority over its position: if 2 is an answer, "2" is that answer. Only
    complete sentences count, so "not 3" and "3 is wrong" choose nothing.
    """
    said = _strip_marks(text)
    inner = _AROUND.match(said)
    for words in dict.fromkeys((said, inner["said"] if inner else said)):
        place = _find_value(words, choices)
        place = _find_place(words, len(choices)) if place is None else place
        if place is not None:
            return place
    return None


def parse_literal(text: str) -> str | None:
    """Return the literal that is said, as Python writes it: "-1", "it should be 'none'", "[]"."""
    said = text.strip().rstrip(".!").strip("` ")
    inner = _AROUND.match(said)
    for words in dict.fromkeys((said, inner["said"] if inner else said)):
        with suppress(SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
            value = repr(evaluate_literal(words.strip("` ")))
            return value if len(value) <= _LONGEST and "`" not in value else None
    return None


def _find_value(text: str, choices: Sequence[str]) -> int | None:
    named = [_strip_marks(choice) for choice in choices]
    alike = {name.casefold() for name in named} - {*_NO_CHOICES}
    if text.casefold() in {*_NEITHER, *_NO_CHOICES} - alike:  # `None` may be an answer
        text = next((each for each in _NO_CHOICES if each in named), text)
    return named.index(text) if named.count(text) == 1 else None


def _find_place(text: str, count: int) -> int | None:
    words = text.casefold()
    numbered = _NAMED_PLACE.fullmatch(words)
    if numbered:
        number = int(numbered["number"]) - 1
        return number if 0 <= number < count else None
    found = _PLACE.fullmatch(words)
    for number, names in enumerate(_ORDINALS[:count]):
        if found and found["place"] in names:
            return number
    return None


def _strip_marks(text: str) -> str:
    """Return words without the marks around them: people quote values in many ways."""
    bare = text.strip().strip("`*_ ").rstrip(".!").strip("`*_ ")
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"“”" else bare
