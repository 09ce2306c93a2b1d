"""Redacts keys that match no rule: long runs of characters that only a random generator would
write.

In such a run the kind of character (lower case, capital, digit) changes at about six in ten places;
in a name written by a person, at about two in ten. Hexadecimal runs are left alone, because most of
them are hashes.
"""

import base64
import binascii
import re
from itertools import pairwise

from theseus_observe.redaction._rule_set import measure_entropy
from theseus_observe.redaction._secret_shapes import mark

_CANDIDATE = re.compile(
    r"(?<![\w/+.~%#@&?-])[A-Za-z0-9][\w-]{22,126}[A-Za-z0-9](?![\w/+-])", re.ASCII
)
_SMALL = re.compile(r"[a-z0-9]{32,128}")
_DIGITS = re.compile(r"[0-9]+")
_HEX = re.compile(r"[0-9a-fA-F-]+")
_CHANGES_MIXED, _CHANGES_SMALL = 0.4, 0.25  # shares of places where the kind of character changes
_LEAST_ENTROPY = 3.7  # bits per character
_ADDRESS_LENGTH = 400


def redact_random(text: str) -> str:
    """Return the text with a mark for each run that only a generator would write."""
    return _CANDIDATE.sub(_replace, text)


def _replace(found: re.Match[str]) -> str:
    word = found[0]
    if not is_random(word) or _is_in_address(found) or _is_encoded_text(word):
        return word
    return mark("random")


def is_random(text: str) -> bool:
    """Return whether the text is most likely a key."""
    if _HEX.fullmatch(text) or measure_entropy(text) < _LEAST_ENTROPY:
        return False
    kinds = "".join(_classify(letter) for letter in text)
    changes = sum(a != b and "-" not in (a, b) for a, b in pairwise(kinds))
    if {"a", "A", "0"} <= set(kinds):
        # A name has digits in one place only, as `Python311` has.
        return len(_DIGITS.findall(text)) >= 2 and changes >= _CHANGES_MIXED * len(text)
    return bool(_SMALL.fullmatch(text)) and changes >= _CHANGES_SMALL * len(text)


def _classify(letter: str) -> str:
    if letter.isdigit():
        return "0"
    if not letter.isalpha():
        return "-"
    return "A" if letter.isupper() else "a"


def _is_encoded_text(text: str) -> bool:
    """Return whether the run is base64 of a text. `redact_encoded` has checked that text
    already.
    """
    valid = text[:-1] if len(text) % 4 == 1 else text  # no base64 has such a length
    try:
        base64.urlsafe_b64decode(valid + "=" * (-len(valid) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return True


def _is_in_address(found: re.Match[str]) -> bool:
    """Return whether the run is part of a URL, where random names of pages and files are common."""
    before = found.string[max(0, found.start() - _ADDRESS_LENGTH) : found.start()]
    return "://" in re.split(r"\s", before)[-1]
