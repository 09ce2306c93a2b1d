"""Diffs whose every line stays one, whatever is taken out of them.

A secret over two lines would leave one line where there were two, and every number below would be
another. So what replaces lines is put back line by line, each behind the sign that it began with.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from bot.redaction._secret_shapes import mark

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_SIGNS = ("+", "-", " ", "@", "\\")
_ROUNDS = 5  # a line that is put back may stand beside another one than before


def redact_lines(text: str, clean: Callable[[str], str]) -> str:
    """Return what `clean` leaves of a text; of a diff with as many lines, and with their signs."""
    left = clean(text)
    if left == text or not _HUNK.search(text):
        return left
    lines = text.split("\n")
    for _ in range(_ROUNDS):
        kept = "\n".join(_restore_lines(lines, left.split("\n")))
        left = clean(kept)
        if left == kept:
            return kept
    return "\n".join(map(_hide, lines))


def _restore_lines(lines: Sequence[str], left: Sequence[str]) -> Iterator[str]:
    """Yield a line for each there was: as it is left, or hidden where that is not known."""
    if len(lines) == len(left):
        yield from map(_restore_sign, lines, left)
        return
    for _, first, last, start, end in SequenceMatcher(None, lines, left).get_opcodes():
        if last - first == end - start:
            yield from map(_restore_sign, lines[first:last], left[start:end])
        else:
            yield from map(_hide, lines[first:last])


def _restore_sign(line: str, left: str) -> str:
    """Return what is left of a line with the sign it began with."""
    return left if line[:1] == left[:1] or not line.startswith(_SIGNS) else _hide(line)


def _hide(line: str) -> str:
    """Return a line of which nothing is seen but that it is there, and on which side."""
    header = _HUNK.match(line)
    sign = header[0] + " " if header else line[:1] if line.startswith(_SIGNS) else ""
    return sign + mark("wrapped") if line else line
