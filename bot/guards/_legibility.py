"""Lines that are not what they seem: a person reads the diff, and has to see what will run.

Python ends a line at a lone carriage return, counts columns anew after a form feed, reads a file in
any encoding that its first lines name, and takes letters that only look like ASCII for ASCII. A
screen shows none of that. What holds for every text file is judged here, line by line; what Python
makes of a whole file, in `_reading`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from bot.domain.change import Finding
from bot.guards._invisible import find_invisible
from bot.guards._letters import is_lookalike, split_words
from bot.infra.unified_diff import FilePatch

SOURCES = (".py", ".pyi", ".pyw")
"""How files end that Python reads."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffd]|\r(?!\Z)")
# The wide space of Chinese and Japanese texts is one, between their letters.
_SPACES = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f]|(?<![^\x00-\x7f])\u3000+")
_TOWER = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3,}")
_GAP = re.compile(r"(?:(?<=\S)|^)[ \u3000]{80,}(\S.*)")
_TAB = 8
_WIDEST = 2_000
_WIDEST_SOURCE = 400
_ENCODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_READABLE = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"})
_MACHINERY = re.compile(
    r"\b_?pytest\b|\bPYTEST_|\bos\._exit\b|\bgetppid\b|\bgc\.get_|\bsys\.set(?:trace|profile)\b"
)
_Rule = Callable[[str], str]
"""Returns what of a line is odd, or nothing."""


def find_illegible_lines(patch: FilePatch) -> Iterator[Finding]:
    """Yield what a reader of the diff would not see."""
    rules = _PYTHON if patch.python else _ANY
    for message, rule in rules.items():
        yield from _find_odd_lines(patch, rule, message)


def find_test_machinery(patch: FilePatch) -> Iterator[Finding]:
    """Yield that sources have to do with what tests them: shown, for it may be their trade."""
    if not patch.python:
        return
    lines = [line for line in patch.added_lines if _MACHINERY.search(line)]
    if len(lines) > sum(bool(_MACHINERY.search(line)) for line in patch.removed_lines):
        message = f"Touches what runs its tests, look closely: `{lines[0].strip()[:120]}`."
        yield Finding(rule="test_weakened", path=patch.path, message=message, blocking=False)


def _find_odd_lines(patch: FilePatch, rule: _Rule, message: str) -> Iterator[Finding]:
    """Yield that added lines are odd, but for what is just as odd in lines they replace."""
    before = Counter(filter(None, map(rule, patch.removed_lines)))
    odd: list[tuple[int, str]] = []
    for line in patch.numbered_lines:
        what = rule(line.text)
        if what and before[what] > 0:
            before[what] -= 1
        elif what:
            odd.append((line.new, line.text))
    if odd:
        number, text = odd[0]
        others = f", and {len(odd) - 1} more" if len(odd) > 1 else ""
        shown = f"Line {number}{others}: {message}: `{quote(text)}`."
        yield Finding(rule="unsafe_file", path=patch.path, message=shown, blocking=True)


def quote(line: str) -> str:
    """Return a line as ASCII, so that everything in it is seen; cut at 120 characters."""
    return ascii(line.strip(" "))[1:-1][:120]


def _find_controls(line: str) -> str:
    return "".join(_CONTROL.findall(line))


def _find_hidden(line: str) -> str:
    return find_invisible(line) + "".join(_TOWER.findall(line))


def _find_spaces(line: str) -> str:
    return "" if line.isascii() else "".join(_SPACES.findall(line))


def _find_text_after_gap(line: str) -> str:
    """Return what stands behind a gap so wide that nobody looks there."""
    found = _GAP.search(line.expandtabs(_TAB))
    return found[1] if found else ""


def _find_mixed_indent(line: str) -> str:
    """Return an indentation of tabs and spaces: how deep it is depends on who shows it."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return indent if " \t" in indent else ""


def _limit_width(most: int) -> _Rule:
    return lambda line: line if len(line.expandtabs(_TAB)) > most else ""


def _find_encoding(line: str) -> str:
    found = _ENCODING.match(line)
    named = found[1].lower().replace("_", "-") if found else ""
    return "" if named in _READABLE else named


def _find_lookalikes(line: str) -> str:
    """Return names that are taken for others than are shown."""
    if line.isascii():
        return ""
    return " ".join(word for word in split_words(line) if is_lookalike(word))


_COMMON: dict[str, _Rule] = {
    "Holds control characters, or bytes that are no text": _find_controls,
    "Holds characters that are not seen, or that turn the text around": _find_hidden,
    "Holds spaces that are no plain ones": _find_spaces,
    "Goes on far to the right, where nobody looks": _find_text_after_gap,
}
_ANY: dict[str, _Rule] = {
    **_COMMON,
    f"Is wider than {_WIDEST:,} characters, which nobody reads": _limit_width(_WIDEST),
}
_PYTHON: dict[str, _Rule] = {
    **_COMMON,
    f"Is wider than {_WIDEST_SOURCE} characters, which nobody reads": _limit_width(_WIDEST_SOURCE),
    "Is indented with spaces and tabs, which shows otherwise everywhere": _find_mixed_indent,
    "Is in an encoding that is read otherwise than shown": _find_encoding,
    "Holds a name in letters that only look like others": _find_lookalikes,
}
