"""Removes control characters from texts for a terminal."""

import unicodedata
from typing import TypeVar

T = TypeVar("T")
_ALLOWED = "\n\t"


def keep(value: T) -> T:
    """Return the value unchanged: the redactor where none is installed."""
    return value


def replace_controls(text: str) -> str:
    """Return the text with control and direction characters replaced.

    They could move the cursor, hide a line, or change the order of letters.
    """
    return "".join(
        letter if letter in _ALLOWED or unicodedata.category(letter)[0] != "C" else "\ufffd"
        for letter in text
    )
