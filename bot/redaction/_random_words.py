"""Keys of kinds that no rule knows: long words that only a random generator would write.

In such a word the kind of character (small letter, capital, digit) changes about six times in ten,
in a name that a person writes about twice. Hexadecimal is left alone: it is mostly a hash.
"""

import base64
import binascii
import re
from itertools import pairwise

from bot.redaction._rule_set import measure_entropy
from bot.redaction._secret_shapes import mark

_CANDIDATE = re.compile(
    r"(?<![\w/+.~%#@&?-])[A-Za-z0-9][\w-]{22,126}[A-Za-z0-9](?![\w/+-])", re.ASCII
)
_SMALL = re.compile(r"[a-z0-9]{32,128}")
_DIGITS = re.compile(r"[0-9]+")
_HEX = re.compile(r"[0-9a-fA-F-]+")
_CHANGES_MIXED, _CHANGES_SMALL = 0.4, 0.25
_LEAST_ENTROPY = 3.7
_ADDRESS_LENGTH = 400


def redact_random(text: str) -> str:
    """Return the text with a mark in the place of every word that only a generator writes."""
    return _CANDIDATE.sub(_replace, text)


def _replace(found: re.Match[str]) -> str:
    word = found[0]
    if not is_random(word) or _is_in_address(found) or _is_encoded_text(word):
        return word
    return mark("random")


def is_random(text: str) -> bool:
    """Return whether the word is most likely a key."""
    if _HEX.fullmatch(text) or measure_entropy(text) < _LEAST_ENTROPY:
        return False
    kinds = "".join(_classify(letter) for letter in text)
    changes = sum(a != b and "-" not in (a, b) for a, b in pairwise(kinds))
    if {"a", "A", "0"} <= set(kinds):
        # A name has its number in one place, as `Python311` has.
        return len(_DIGITS.findall(text)) >= 2 and changes >= _CHANGES_MIXED * len(text)
    return bool(_SMALL.fullmatch(text)) and changes >= _CHANGES_SMALL * len(text)


def _classify(letter: str) -> str:
    if letter.isdigit():
        return "0"
    if not letter.isalpha():
        return "-"
    return "A" if letter.isupper() else "a"


def _is_encoded_text(text: str) -> bool:
    """Return whether the word is text in base64; the rules have looked at that text already."""
    whole = text[:-1] if len(text) % 4 == 1 else text
    try:
        base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return True


def _is_in_address(found: re.Match[str]) -> bool:
    """Return whether the word is part of a URL: names of pages and files are often random."""
    before = found.string[max(0, found.start() - _ADDRESS_LENGTH) : found.start()]
    return "://" in re.split(r"\s", before)[-1]
