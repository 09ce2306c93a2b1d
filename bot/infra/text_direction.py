"""Words written from right to left, kept from moving what stands around them.

A screen draws `path (3 lines)` in another order where the path is Hebrew or Arabic: digits,
brackets and operators beside such a word go with it. Between Unicode's isolates each word has its
own order, and the line keeps the order in which it is written, which is the order in which it runs.
"""

import re

_FIRST, _LAST = "\u2068", "\u2069"
# The blocks that Unicode reserves for scripts of that direction, and their presentation forms.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_RTL_TOKEN = re.compile(rf"\w*{_RIGHT_TO_LEFT.pattern}[\w{_RIGHT_TO_LEFT.pattern[1:-1]}]*")


def isolate(text: str) -> str:
    """Return a text with each word of that direction between isolates; twice gives the same."""
    if text.isascii() or not _RIGHT_TO_LEFT.search(text):
        return text
    plain = text.replace(_FIRST, "").replace(_LAST, "")
    return _RTL_TOKEN.sub(lambda found: f"{_FIRST}{found[0]}{_LAST}", plain)
