"""What a terminal is given to show: signs, and nothing that it would obey."""

import unicodedata

_ALLOWED = "\n\t"


def replace_controls(text: str) -> str:
    """Return a text that moves no cursor, hides no line, and turns no order of letters round."""
    return "".join(
        letter if letter in _ALLOWED or unicodedata.category(letter)[0] != "C" else "\ufffd"
        for letter in text
    )
