"""Checks emojis of reactions."""

import unicodedata

_VARIATION, _KEYCAP = "\ufe0f", "\u20e3"


def is_emoji(text: str) -> bool:
    """Return whether the text is one Unicode emoji, or a custom one as `name:id`."""
    name, _, number = text.rpartition(":")
    if name:
        return name.isidentifier() and number.isdecimal()
    signs = [each for each in text if unicodedata.category(each) not in ("Mn", "Me", "Cf", "Sk")]
    keycap = text.endswith(_KEYCAP) and len(signs) == 1
    pictures = bool(signs) and all(unicodedata.category(each) == "So" for each in signs)
    arrows = text.endswith(_VARIATION) and len(signs) == 1 and unicodedata.category(signs[0]) in (
        "Sm", "Po",
    )  # fmt: skip
    return keycap or pictures or arrows
