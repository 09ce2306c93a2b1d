"""What people call themselves, so that it cannot mislead wherever it is written.

Every record keeps names this way, wherever they come from: no text of ours has to think of it.
Nobody is known by their name; what tells people apart is their id.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator

LONGEST = 40
"""Characters of a name that are kept; Discord's longest has 32."""

BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters that are drawn as nothing."""

_NAMELESS = "somebody"
# What looks the same and does nothing. Twice gives the same again, as names are read from records.
_LOOKALIKES = str.maketrans({
    "*": "\u2217", "~": "\u223c", "`": "\u2035", "|": "\u00a6", "\\": "\u2216", "/": "\u2215",
    "<": "\u2039", ">": "\u203a", "[": "\uff3b", "]": "\uff3d", "@": "\uff20", "#": "\uff03",
})  # fmt: skip
_UNDERLINES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word they are harmless
_BULLET = re.compile(r"^(?:[-+]\s+)+")


def sanitise_name(name: str) -> str:
    """Return a name on one line that marks up, mentions, links, hides and turns round nothing."""
    seen = "".join(_iterate_visible(name)).translate(_LOOKALIKES)
    flat = _BULLET.sub("", " ".join(_UNDERLINES.sub("\uff3f", seen).split()))
    short = flat if len(flat) <= LONGEST else flat[: LONGEST - 1].rstrip() + "…"
    return short or (_NAMELESS if name else "")


def _iterate_visible(name: str) -> str:
    """Return what of a name is seen: no controls, no direction marks, no towers of accents."""
    kept: list[str] = []
    accents = 0
    for letter in name:
        kind = unicodedata.category(letter)
        accents = accents + 1 if kind in ("Mn", "Me") else 0
        if kind[0] == "Z" or letter in "\t\n\r":
            kept.append(" ")
        elif kind[0] != "C" and letter not in BLANK and accents <= 2:
            kept.append(letter)
    return "".join(kept)


Name = Annotated[str, AfterValidator(sanitise_name)]
"""A name as records keep it."""


def join_with_or(names: Sequence[str]) -> str:
    """Return `ada`, `ada or bob`, `ada, bob or cleo`; empty where there is nobody."""
    *first, last = names or ("",)
    return f"{', '.join(first)} or {last}" if first else last
