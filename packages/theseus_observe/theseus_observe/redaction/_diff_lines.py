"""Redacts a diff so that its number of lines and the sign of each line stay the same.

Redacting a secret that spans two lines would join them and shift every later line number. So after
redaction each line is restored to its own place, behind the sign that it began with.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from theseus_observe.redaction._secret_shapes import mark

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_SIGNS = ("+", "-", " ", "@", "\\")
_ROUNDS = 5  # a restored line may have new neighbours, and together they may look like a secret


def redact_lines(text: str, clean: Callable[[str], str]) -> str:
    """Return `clean(text)`; if the text is a diff, with the same number of lines and the same
    signs.
    """
    left = clean(text)
    if left == text or not _HUNK.search(text):
        return left
    lines = text.split("\n")
    for _ in range(_ROUNDS):
        restored = "\n".join(_restore_lines(lines, left.split("\n")))
        left = clean(restored)
        if left == restored:
            return restored
    # Still changing after several rounds: hide every line rather than risk a leak.
    return "\n".join(map(_hide, lines))


def _restore_lines(lines: Sequence[str], left: Sequence[str]) -> Iterator[str]:
    """Yield one line for each original line: the redacted line, or a hidden one if it is
    unknown.
    """
    if len(lines) == len(left):
        yield from map(_restore_sign, lines, left)
        return
    for _, first, last, start, end in SequenceMatcher(None, lines, left).get_opcodes():
        if last - first == end - start:
            yield from map(_restore_sign, lines[first:last], left[start:end])
        else:
            yield from map(_hide, lines[first:last])


def _restore_sign(line: str, left: str) -> str:
    """Return the redacted line if it still has the original sign, else a hidden line."""
    return left if line[:1] == left[:1] or not line.startswith(_SIGNS) else _hide(line)


def _hide(line: str) -> str:
    """Return a line that shows only its sign, and for a hunk its header."""
    header = _HUNK.match(line)
    sign = header[0] + " " if header else line[:1] if line.startswith(_SIGNS) else ""
    return sign + mark("wrapped") if line else line
