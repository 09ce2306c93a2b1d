"""Finds added lines that a reader of the diff sees differently than Python runs them.

Python ends a line at a lone carriage return, restarts the column count at a form feed, reads a file
in any encoding that its first lines declare, and takes letters that only look like ASCII for ASCII.
A screen shows none of that. This module checks single lines of any text file; `_misleading_code`
checks a complete Python file.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from theseus_guard._letters import is_lookalike, split_words
from theseus_guard.invisible import find_invisible
from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch

SOURCES = (".py", ".pyi", ".pyw")
"""Suffixes of the files that Python reads."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffd]|\r(?!\Z)")
# The ideographic space is a normal space between Chinese and Japanese letters.
_SPACES = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f]|(?<![^\x00-\x7f])\u3000+")
_TOWER = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3,}")
_GAP = re.compile(r"(?:(?<=\S)|^)[ \u3000]{80,}(\S.*)")
_TAB = 8
# Columns. Data files may have long lines; source is formatted, so a longer line is suspicious.
_WIDEST = 2_000
_WIDEST_SOURCE = 400
_ENCODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_READABLE = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"})
_MACHINERY = re.compile(
    r"\b_?pytest\b|\bPYTEST_|\bos\._exit\b|\bgetppid\b|\bgc\.get_|\bsys\.set(?:trace|profile)\b"
)
_Rule = Callable[[str], str]
"""Returns the odd part of a line, or an empty string."""


def find_illegible_lines(patch: FilePatch) -> Iterator[Finding]:
    """Yield findings for added lines that a reader of the diff would not see correctly."""
    rules = _PYTHON if patch.python else _ANY
    for message, rule in rules.items():
        yield from _find_odd_lines(patch, rule, message)


def find_test_machinery(patch: FilePatch) -> Iterator[Finding]:
    """Yield a finding if a source file newly uses the test runner's internals.

    It does not block the change: for some modules this is their purpose.
    """
    if not patch.python:
        return
    lines = [line for line in patch.added_lines if _MACHINERY.search(line)]
    if len(lines) > sum(bool(_MACHINERY.search(line)) for line in patch.removed_lines):
        message = (
            f"Uses internals of the test runner; please review closely: `{lines[0].strip()[:120]}`."
        )
        yield Finding(rule="test_weakened", path=patch.path, message=message, blocking=False)


def _find_odd_lines(patch: FilePatch, rule: _Rule, message: str) -> Iterator[Finding]:
    """Yield a finding for odd added lines, except for lines that replace equally odd ones."""
    before = Counter(filter(None, map(rule, patch.removed_lines)))
    odd: list[tuple[int, str]] = []
    for line in patch.numbered_lines:
        fault = rule(line.text)
        if fault and before[fault] > 0:
            before[fault] -= 1
        elif fault:
            odd.append((line.new, line.text))
    if odd:
        number, text = odd[0]
        others = f", and {len(odd) - 1} more" if len(odd) > 1 else ""
        shown = f"Line {number}{others}: {message}: `{quote(text)}`."
        yield Finding(rule="unsafe_file", path=patch.path, message=shown, blocking=True)


def quote(line: str) -> str:
    """Return a line as ASCII, so that every character is visible; cut at 120 characters."""
    return ascii(line.strip(" "))[1:-1][:120]


def _find_controls(line: str) -> str:
    return "".join(_CONTROL.findall(line))


def _find_hidden(line: str) -> str:
    return find_invisible(line) + "".join(_TOWER.findall(line))


def _find_spaces(line: str) -> str:
    return "" if line.isascii() else "".join(_SPACES.findall(line))


def _find_text_after_gap(line: str) -> str:
    """Return the text after a gap so wide that a reader does not look there."""
    found = _GAP.search(line.expandtabs(_TAB))
    return found[1] if found else ""


def _find_mixed_indent(line: str) -> str:
    """Return an indentation of tabs and spaces, because its depth depends on the viewer."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return indent if " \t" in indent else ""


def _limit_width(most: int) -> _Rule:
    return lambda line: line if len(line.expandtabs(_TAB)) > most else ""


def _find_encoding(line: str) -> str:
    found = _ENCODING.match(line)
    named = found[1].lower().replace("_", "-") if found else ""
    return "" if named in _READABLE else named


def _find_lookalikes(line: str) -> str:
    """Return the names that look like other names."""
    if line.isascii():
        return ""
    return " ".join(word for word in split_words(line) if is_lookalike(word))


_COMMON: dict[str, _Rule] = {
    "Contains control characters or bytes that are not text": _find_controls,
    "Contains invisible characters, or characters that reverse the text": _find_hidden,
    "Contains spaces that are not plain spaces": _find_spaces,
    "Has text far to the right, where a reader does not look": _find_text_after_gap,
}
_ANY: dict[str, _Rule] = {
    **_COMMON,
    f"Is wider than {_WIDEST:,} characters, too wide to review": _limit_width(_WIDEST),
}
_PYTHON: dict[str, _Rule] = {
    **_COMMON,
    f"Is wider than {_WIDEST_SOURCE} characters, too wide to review": _limit_width(_WIDEST_SOURCE),
    "Is indented with spaces and tabs, which each viewer shows differently": _find_mixed_indent,
    "Declares an encoding in which Python reads other characters than are shown": _find_encoding,
    "Contains a name with letters that only look like others": _find_lookalikes,
}
