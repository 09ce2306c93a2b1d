"""Finds invisible characters, except where a script or an emoji needs them to be drawn correctly.

Invisible characters can disguise a name or hide a text that only a program reads. One is therefore
allowed only where it changes the drawing, and never two in a row.
"""

import re
import unicodedata

BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters that are invisible."""

# Ignorable by Unicode although their category does not say so, and the Egyptian joiners.
_IGNORED = re.compile(
    f"[{BLANK}\u180b-\u180f\ufe00-\ufe0f\ufffc\ufdd0-\ufdef\ufffe\uffff\U00013430-\U0001345f"
    "\U000e0000-\U000e0fff]"
)
# Scripts with joiners: Arabic and related, Indic, Burmese, Khmer, Mongolian, Arabic presentation.
_JOINING = (
    r"\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1807-\u18aa\ufb50-\ufdcf\ufe70-\ufefc"
)
_VIRAMA = r"\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"  # may end a word, joined
_SYMBOL = (
    r"\xa9\xae\u203c\u2049\u2100-\u214f\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf"
    r"\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_DRAWN = re.compile(
    f"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"
    f"|(?<=[{_VIRAMA}])\u200d(?!\\w)"
    f"|(?<=[{_SYMBOL}])[\ufe0e\ufe0f](?:\u200d(?=[{_SYMBOL}]))?"
    f"|(?<=[{_SYMBOL}])\u200d(?=[{_SYMBOL}])"
    "|(?<=[0-9#*])\ufe0f(?=\u20e3)"
)


def find_invisible(text: str) -> str:
    """Return the invisible characters of a text, without those that change how it is drawn."""
    return "" if text.isascii() else "".join(filter(_is_unseen, _DRAWN.sub("", text)))


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Co") or bool(_IGNORED.match(letter))
