"""Decides whether a fix only removes code: then the function of that code is lost."""

import io
import tokenize
from collections.abc import Sequence

from theseus_repair.model import Texts

EMPTY = {"0", "0.0", "''", '""', "None", "False", "[", "]", "{", "}", "(", ")"}
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def is_only_removal(before: Texts, fix: Texts) -> bool:
    """Return whether a fix only removes code, or replaces it by an empty value.

    For example a call (`x` for `f(x)`), a term, a line, or `rate = 0` for `rate = 15`.
    """
    changed = [path for path, text in fix.items() if text != before[path]]
    return bool(changed) and all(_is_removal(before[path], fix[path]) for path in changed)


def _is_removal(before: str, after: str) -> bool:
    try:
        old, new = _list_tokens(before), _list_tokens(after)
    except (tokenize.TokenError, SyntaxError):
        return False
    first = _count_common_prefix(old, new)
    old, new = old[first:], new[first:]
    last = _count_common_prefix(old[::-1], new[::-1])
    old, new = old[: len(old) - last], new[: len(new) - last]
    emptied = set(new) <= EMPTY and old != ["True"]
    rest = iter(old)
    return bool(old) and (emptied or all(token in rest for token in new))


def _list_tokens(text: str) -> list[str]:
    found = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in found if token.type not in LAYOUT]


def _count_common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the number of common tokens at the start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
