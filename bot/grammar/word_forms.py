"""Words as they are compared: in lower case, without endings and those that say nothing."""

import re

_SUFFIXES = ("ingly", "edly", "ings", "ing", "ers", "ies", "ied", "er", "ed", "es", "s", "e", "y")
_COMMON_WORDS = """
    a an the that this it is are was be on in of for to and or my our your with when whenever again
    thing bot command feature broken crash error bug issue problem fail keep always just stop work
    does not doe something some every time please still weird wrong
"""
_NOISE = frozenset(_COMMON_WORDS.split())


def stem(word: str) -> str:
    """Return a crude stem: `rolling`, `rolls`, `rolled` -> `roll`."""
    word = word.lower()
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word


def words(text: str) -> frozenset[str]:
    """Return the stems in `text` that say something; identifiers are split at `_`, `.` and case."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    stems = {stem(word) for word in re.findall(r"[A-Za-z]{2,}", spaced)}
    return frozenset(stems - {stem(noise) for noise in _NOISE} - _NOISE)
