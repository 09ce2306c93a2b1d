"""Isolates right-to-left words, so that they do not change the order of the text around them.

A screen shows `path (3 lines)` in another order if the path is Hebrew or Arabic: digits, brackets
and operators next to such a word move with it. Unicode isolates around each word keep the line in
the order in which it is written, which is the order in which code runs.
"""

import re

_FIRST, _LAST = "\u2068", "\u2069"
# The blocks that Unicode reserves for scripts of that direction, and their presentation forms.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_RTL_TOKEN = re.compile(rf"\w*{_RIGHT_TO_LEFT.pattern}[\w{_RIGHT_TO_LEFT.pattern[1:-1]}]*")


def isolate(text: str) -> str:
    """Return the text with isolates around right-to-left words; it is idempotent."""
    if text.isascii() or not _RIGHT_TO_LEFT.search(text):
        return text
    plain = text.replace(_FIRST, "").replace(_LAST, "")
    return _RTL_TOKEN.sub(lambda found: f"{_FIRST}{found[0]}{_LAST}", plain)
