"""What a terminal is given to show: signs, and nothing that it would obey."""

import unicodedata

_KEPT = "\n\t"


def inert(text: str) -> str:
    """Return a text that moves no cursor, hides no line, and turns no order of letters round."""
    return "".join(
        letter if letter in _KEPT or unicodedata.category(letter)[0] != "C" else "\ufffd"
        for letter in text
    )
