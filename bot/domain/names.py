"""People's names, sanitised so that they cannot mislead readers wherever they are shown.

Every record sanitises names when it is created, so texts that contain a name need no further
escaping. Names do not identify people; ids do.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator
from theseus_guard.invisible import BLANK

LONGEST = 40
"""The maximum length of a stored name; Discord allows 32 characters."""

_NAMELESS = "somebody"
# Look-alikes without a function in Markdown. The replacement is idempotent, because names are
# sanitised again whenever they are read from records.
_LOOKALIKES = str.maketrans({
    "*": "\u2217", "~": "\u223c", "`": "\u2035", "|": "\u00a6", "\\": "\u2216", "/": "\u2215",
    "<": "\u2039", ">": "\u203a", "[": "\uff3b", "]": "\uff3d", "@": "\uff20", "#": "\uff03",
})  # fmt: skip
_UNDERLINES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word they are harmless
_BULLET = re.compile(r"^(?:[-+]\s+)+")


def sanitise_name(name: str) -> str:
    """Return the name on one line, without markup, mentions, links, invisible or reversed text."""
    visible = _remove_invisible(name).translate(_LOOKALIKES)
    flat = _BULLET.sub("", " ".join(_UNDERLINES.sub("\uff3f", visible).split()))
    short = flat if len(flat) <= LONGEST else flat[: LONGEST - 1].rstrip() + "…"
    return short or (_NAMELESS if name else "")


def _remove_invisible(name: str) -> str:
    """Return the name without control characters, direction marks and piled-up accents."""
    visible: list[str] = []
    accents = 0
    for letter in name:
        kind = unicodedata.category(letter)
        accents = accents + 1 if kind in ("Mn", "Me") else 0
        if kind[0] == "Z" or letter in "\t\n\r":
            visible.append(" ")
        elif kind[0] != "C" and letter not in BLANK and accents <= 2:
            visible.append(letter)
    return "".join(visible)


Name = Annotated[str, AfterValidator(sanitise_name)]
"""A name as records store it."""


def join_with_and(names: Sequence[str]) -> str:
    """Return `ada`, `ada and bob`, `ada, bob and cleo`; empty if there are no names."""
    *first, last = names or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def join_with_or(names: Sequence[str]) -> str:
    """Return `ada`, `ada or bob`, `ada, bob or cleo`; empty if there are no names."""
    *first, last = names or ("",)
    return f"{', '.join(first)} or {last}" if first else last
