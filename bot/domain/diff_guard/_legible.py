"""Lines that are not what they seem: a person reads the diff, and has to see what will run.

Python ends a line at a lone carriage return, reads a file in any encoding that its first lines
name, and takes letters that only look like ASCII for ASCII. A screen shows none of that.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from bot.domain.change import Finding
from bot.domain.diff_guard._parse import FilePatch
from bot.domain.names import BLANK

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffd]|\r(?!\Z)")
_JOINERS = "\u200c\u200d"  # scripts and emoji need these, and Python allows them in no name
_UNSEEN = re.compile(f"[{BLANK}\U000e0100-\U000e01ef]")  # the Hangul ones may even be names
_GAP = re.compile(r"\S[ \t]{80,}\S")
_ENCODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_READABLE = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"})
# Cyrillic, the Greek letters that are drawn like Latin ones, Armenian, Cherokee.
_LIKE_LATIN = re.compile(
    r"[\u0400-\u052f\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    r"\u03bd\u03bf\u0531-\u0587\u13a0-\u13f4]"
)
_MACHINERY = re.compile(
    r"\b_?pytest\b|\bPYTEST_|\bos\._exit\b|\bgetppid\b|\bgc\.get_|\bsys\.set(?:trace|profile)\b"
)
_SOURCES = (".py", ".pyi")
_Rule = Callable[[str], bool]


def illegible(patch: FilePatch) -> Iterator[Finding]:
    """Yield what a reader of the diff would not see."""
    for message, rule in _RULES.items():
        yield from _more(patch, rule, message)
    if patch.path.endswith(_SOURCES):
        for message, rule in _PYTHON.items():
            yield from _more(patch, rule, message)


def aware(patch: FilePatch) -> Iterator[Finding]:
    """Yield that sources have to do with what tests them: shown, for it may be their trade."""
    if not patch.path.endswith(_SOURCES):
        return
    lines = [line for line in patch.added if _MACHINERY.search(line)]
    if len(lines) > sum(bool(_MACHINERY.search(line)) for line in patch.removed):
        message = f"Touches what runs its tests, look closely: `{lines[0].strip()[:120]}`."
        yield Finding(rule="test_weakened", path=patch.path, message=message, blocking=False)


def _more(patch: FilePatch, rule: _Rule, message: str) -> Iterator[Finding]:
    found: Sequence[str] = [line for line in patch.added if rule(line)]
    if len(found) > sum(rule(line) for line in patch.removed):
        shown = f"{message}: `{ascii(found[0].strip())[1:-1][:120]}`."
        yield Finding(rule="unsafe_file", path=patch.path, message=shown, blocking=True)


def _hides(line: str) -> bool:
    if line.isascii():
        return False
    unseen = any(unicodedata.category(one) in ("Cf", "Co") for one in line if one not in _JOINERS)
    return unseen or bool(_UNSEEN.search(line))


def _encoded(line: str) -> bool:
    found = _ENCODING.match(line)
    return found is not None and found[1].lower().replace("_", "-") not in _READABLE


def _poses(line: str) -> bool:
    """Whether a name is taken for another one than is shown."""
    return not line.isascii() and any(_is_another(word) for word in re.findall(r"\w+", line))


def _is_another(word: str) -> bool:
    if word.isascii() or not word.isidentifier():
        return False
    if unicodedata.normalize("NFKC", word).isascii():
        return True
    return bool(_LIKE_LATIN.search(word) and re.search(r"[A-Za-z]", word))


_RULES: dict[str, _Rule] = {
    "Holds control characters, or bytes that are no text": lambda line: bool(_CONTROL.search(line)),
    "Holds characters that are not seen, or that turn the text around": _hides,
    "Goes on far to the right, where nobody looks": lambda line: bool(_GAP.search(line)),
}
_PYTHON: dict[str, _Rule] = {
    "Is in an encoding that is read otherwise than shown": _encoded,
    "Holds a name in letters that only look like others": _poses,
}
