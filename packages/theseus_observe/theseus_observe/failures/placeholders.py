"""Placeholders: values of the same shape as private values, which reveal nothing about them.

A placeholder has the same length, the same kinds of characters and the same punctuation. Equal
words get equal placeholders, so that two calls with the same value still match. Words in the source
of the program (a unit, a keyword, a choice) are kept: without them a failure could not be repeated.
"""

import hmac
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from theseus_observe.failures.source import evaluate_literal

_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\x00-\x7f]")
_DIGITS = re.compile(r"\d+")
_LARGEST_DIGIT, _LONGEST_LIMIT = 9, 4
_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BLOCK = 64  # neighbours in Unicode are of one script
_CHANGED = ("L", "N", "S")  # marks, blanks and punctuation are shape, not content


class Placeholders:
    """Creates placeholders. `keywords` are the words that are kept, in lower case.

    Without the `secret`, no one can find out a word from its placeholder.
    """

    def __init__(self, secret: bytes, keywords: Collection[str] = ()) -> None:
        self._secret = secret
        self._keywords = keywords

    def replace_text(self, text: str) -> str:
        """Return a text of the same shape."""
        return _PIECE.sub(lambda found: self._replace_piece(found[0]), text)

    def replace_value(self, value: object) -> object:
        """Return a value of the same type and shape, whatever it holds."""
        if isinstance(value, str):
            return self.replace_text(value)
        if isinstance(value, bytes):
            return self.replace_text(value.decode("latin-1")).encode("latin-1", "replace")
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(self.replace_text(str(value)))
        if isinstance(value, float):
            return float(_DIGITS.sub(lambda found: self._replace_number(found[0]), repr(value)))
        if isinstance(value, dict):
            pairs = value.items()
            return {self.replace_value(key): self.replace_value(item) for key, item in pairs}
        if isinstance(value, tuple | list | set):
            return type(value)(self.replace_value(item) for item in value)
        raise TypeError(f"{type(value).__name__} has no stand-in.")

    def replace_literal(self, source: str) -> str:
        """Return the source of a literal of the same shape. Raises `ValueError` if it is none."""
        try:
            return repr(self.replace_value(evaluate_literal(source)))
        except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
            raise ValueError("The source is no literal.") from error

    def _replace_piece(self, piece: str) -> str:
        if piece.isdecimal() and piece.isascii():
            return self._replace_number(piece)
        if piece.casefold() in self._keywords:
            return piece
        return "".join(map(_choose_neighbour, piece, self._compute_marks(piece)))

    def _replace_number(self, digits: str) -> str:
        """Return a number with as many digits. Single digits, 10, 100 and 1000 are kept.

        A number of up to four digits may be a year, a month, an hour or a limit. Its first digit is
        kept and the others become smaller, so that a month stays a valid month.
        """
        first, rest = int(digits[0]), digits[1:]
        if int(digits) <= _LARGEST_DIGIT:
            return digits
        marks = self._compute_marks(digits)
        if len(digits) > _LONGEST_LIMIT:
            return f"{1 + marks[0] % 9}" + "".join(str(mark % 10) for mark in marks[1:])
        if not rest.strip("0"):
            return f"{max(first - 1, min(first, 1))}{rest}"
        smaller = zip(map(int, rest), marks[1:], strict=True)
        return str(first) + "".join(str(mark % max(digit, 1)) for digit, mark in smaller)

    def _compute_marks(self, piece: str) -> list[int]:
        """Return a number for each character, which depends on all of the piece."""
        digest = hmac.digest(self._secret, piece.encode("utf-8", "replace"), "sha256")
        return [digest[at % len(digest)] + at // len(digest) for at in range(len(piece))]


def _choose_neighbour(char: str, mark: int) -> str:
    """Return another character of the same kind."""
    if char in _LOWER:
        return _choose_other(_LOWER, char, mark)
    if char in _UPPER:
        return _choose_other(_UPPER, char, mark)
    kind = unicodedata.category(char)
    if kind[0] not in _CHANGED:
        return char
    return _choose_other(_list_kin(ord(char) // _BLOCK, kind), char, mark)


@lru_cache(maxsize=256)
def _list_kin(block: int, kind: str) -> str:
    """Return the characters of a block that are of one Unicode category."""
    characters = map(chr, range(block * _BLOCK, (block + 1) * _BLOCK))
    return "".join(each for each in characters if unicodedata.category(each) == kind)


def _choose_other(choices: str, char: str, mark: int) -> str:
    """Return one of the choices, never the character itself where there is another."""
    others = choices.replace(char, "")
    return others[mark % len(others)] if others else char
