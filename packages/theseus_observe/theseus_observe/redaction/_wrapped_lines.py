"""Redacts secrets that are wrapped over lines: at a column, in a quoted mail, a diff or a block.

A line counts as continued if it is long, ends inside a run of characters that is no ordinary word,
and the next line begins with more of that run. Such lines are joined and redacted as one.
"""

import re
from collections.abc import Callable, Sequence

from theseus_observe.redaction._secret_shapes import mark

SHORTEST_LINE = 60
_MARK = "[redacted:"
_FIRST = re.compile(r"[\w+/=%.~:@&?$!-]{1,400}")
_QUOTING = re.compile(r"[ \t>|#*\"']{0,40}")
_DIFF_QUOTING = re.compile(r"[ \t]{0,8}[+-]?[ \t>|#*\"']{0,40}")
_TERMINATORS = (" ", "\t", ",", ";", ")")
_LOOKED_AT = 400
_LEAST = 16  # the shortest joined run that is checked


def is_continued(line: str, following: str) -> bool:
    """Return whether a line seems to continue in the next one."""
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
    """Return whether the text is no ordinary word: it has digits, punctuation or inner capitals."""
    return not text.isalpha() or not (text.islower() or text[1:].islower())


def can_continue(line: str) -> bool:
    """Return whether a line could continue in a next line that has not arrived yet."""
    return bool(_find_tail(line))


def _find_tail(line: str) -> str:
    """Return the last run of a long line if the run may continue, else an empty string."""
    if len(line) < SHORTEST_LINE:
        return ""
    words = _strip_closers(line[-_LOOKED_AT:]).rsplit(None, 1)
    return words[-1] if words and _FIRST.match(words[-1][-1]) else ""


def _strip_closers(line: str) -> str:
    """Return the line without trailing spaces, quotes and backslashes."""
    return line.rstrip().rstrip("\"'\\")


def redact_wrapped(text: str, clean: Callable[[str], str]) -> str:
    """Return the text with secrets over several lines redacted; the lines of such a secret are
    joined.
    """
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
    """Return the lines unchanged, unless a secret spans a line break; then return one joined
    line.
    """
    bodies = [group[0], *(line[_find_body(line, like=group[0]) :] for line in group[1:])]
    bodies = [*map(_strip_closers, bodies[:-1]), bodies[-1]]
    joined = clean("".join(bodies))
    if _MARK not in joined:
        return group
    apart = [clean(body) for body in bodies]
    if "".join(apart) == joined:
        return group
    if sum(body.count(_MARK) for body in apart) > joined.count(_MARK):
        return [mark("wrapped")]  # joining hid one of the secrets: show none of these lines
    return [joined]


def _find_body(line: str, *, like: str) -> int:
    """Return where the content of a line begins after quoting; diff signs count only in a diff."""
    quoting = _DIFF_QUOTING if like.lstrip()[:1] in ("+", "-") else _QUOTING
    found = quoting.match(line)
    return found.end() if found else 0
