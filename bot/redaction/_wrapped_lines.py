"""Secrets broken over lines: wrapped at a column, quoted in a mail, in a diff, in a block.

A line runs on when it is long, ends inside a word no person would write, and the next line goes on
with more of it. Such lines are put together again and looked at as one.
"""

import re
from collections.abc import Callable, Sequence

from bot.redaction._secret_shapes import mark

SHORTEST_LINE = 60
_MARK = "[redacted:"
_FIRST = re.compile(r"[\w+/=%.~:@&?$!-]{1,400}")
_QUOTING = re.compile(r"[ \t>|#*\"']{0,40}")
_DIFF_QUOTING = re.compile(r"[ \t]{0,8}[+-]?[ \t>|#*\"']{0,40}")
_TERMINATORS = (" ", "\t", ",", ";", ")")
_LOOKED_AT = 400
_LEAST = 16  # a word this long over two lines is looked at


def is_continued(line: str, following: str) -> bool:
    """Return whether a line seems to go on in the next."""
    last = _find_tail(line)
    first = _FIRST.match(following, _find_body(following, like=line)) if last else None
    if not last or not first:
        return False
    word = (last + first[0])[:_LOOKED_AT]
    after = following[first.end() : first.end() + 1]
    goes_on = (
        _is_odd(first[0]) or after not in _TERMINATORS or first.end() >= len(following.rstrip())
    )
    return len(word) >= _LEAST and _is_odd(word) and goes_on


def _is_odd(text: str) -> bool:
    """Whether this is no ordinary word: digits or signs in it, or capitals within."""
    return not text.isalpha() or not (text.islower() or text[1:].islower())


def can_continue(line: str) -> bool:
    """Return whether a line could go on in a next that is not there yet."""
    return bool(_find_tail(line))


def _find_tail(line: str) -> str:
    """What a long line ends with, if that may be a piece of something longer."""
    if len(line) < SHORTEST_LINE:
        return ""
    words = _strip_closers(line[-_LOOKED_AT:]).rsplit(None, 1)
    return words[-1] if words and _FIRST.match(words[-1][-1]) else ""


def _strip_closers(line: str) -> str:
    """A line without what closes a string or the line."""
    return line.rstrip().rstrip("\"'\\")


def redact_wrapped(text: str, clean: Callable[[str], str]) -> str:
    """`text` without the secrets that stand over several lines; such lines become one."""
    if "\n" not in text:
        return text
    lines = text.split("\n")
    out: list[str] = []
    at = 0
    while at < len(lines):
        end = at
        while end + 1 < len(lines) and is_continued(lines[end], lines[end + 1]):
            end += 1
        group = lines[at : end + 1]
        out += _clean_group(group, clean) if len(group) > 1 else group
        at = end + 1
    return "\n".join(out)


def _clean_group(group: Sequence[str], clean: Callable[[str], str]) -> Sequence[str]:
    """The lines as they were, unless a secret stands over the end of one."""
    bodies = [group[0], *(line[_find_body(line, like=group[0]) :] for line in group[1:])]
    bodies = [*map(_strip_closers, bodies[:-1]), bodies[-1]]
    whole = clean("".join(bodies))
    if _MARK not in whole:
        return group
    apart = [clean(body) for body in bodies]
    if "".join(apart) == whole:
        return group
    if sum(body.count(_MARK) for body in apart) > whole.count(_MARK):
        return [mark("wrapped")]  # one hides another: nothing of these lines is sure
    return [whole]


def _find_body(line: str, *, like: str) -> int:
    """Where a line begins behind what quotes it; the signs of a diff only in a diff."""
    quoting = _DIFF_QUOTING if like.lstrip()[:1] in ("+", "-") else _QUOTING
    found = quoting.match(line)
    return found.end() if found else 0
