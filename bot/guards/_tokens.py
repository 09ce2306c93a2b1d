"""The tokens of a source as Python 3.11 cuts them, whatever version runs this.

From 3.12 on an f-string is many tokens, and may hold what ended it before. 3.11 cuts an identifier
at each letter that its patterns do not know (a combining mark, a middle dot), and a newer one does
not. A verdict must not depend on that: f-strings are joined, identifiers too.
"""

import tokenize
from collections.abc import Iterable, Iterator
from itertools import pairwise
from tokenize import TokenInfo

OLDEST = (3, 11)
"""The grammar that sources are read by: what only a newer Python reads, the oldest cannot run."""

_PARTS = (tokenize.NAME, tokenize.NUMBER, tokenize.ERRORTOKEN)


def as_oldest(tokens: Iterable[TokenInfo], text: str) -> Iterator[TokenInfo]:
    """Yield the tokens of a text with f-strings and identifiers in one piece.

    Raises `SyntaxError` where an f-string is written as Python 3.11 does not read it.
    """
    yield from _join_names(_join_formats(tokens, text.split("\n")))


def _join_formats(tokens: Iterable[TokenInfo], lines: list[str]) -> Iterator[TokenInfo]:
    """Yield the tokens with each f-string as one text."""
    inner: list[TokenInfo] = []
    deep = 0
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        deep += kind.endswith("STRING_START")
        if not deep:
            yield token
            continue
        inner.append(token)
        deep -= kind.endswith("STRING_END")
        if not deep:
            yield _join_fstring(inner, lines)
            inner = []


def _join_fstring(inner: list[TokenInfo], lines: list[str]) -> TokenInfo:
    start, end = inner[0].start, inner[-1].end
    rows = lines[start[0] - 1 : end[0]]
    rows[-1] = rows[-1][: end[1]]
    rows[0] = rows[0][start[1] :]
    string = "\n".join(rows)
    if _is_newer(inner, string):
        raise SyntaxError("an f-string that Python 3.11 does not read")
    return TokenInfo(tokenize.STRING, string, start, end, inner[0].line)


def _is_newer(inner: list[TokenInfo], string: str) -> bool:
    """Whether a field holds the quote around it, a backslash or a remark; before 3.12 it may not.

    A literal part may hold an escaped quote, in the oldest too.
    """
    opening = inner[0].string
    quote = opening.lstrip("rRbBfFtTuU")
    body = string[len(opening) : -len(quote)]
    at = 0
    while at < len(body):
        if body.startswith(quote, at) or (len(quote) == 1 and body[at] == "\n"):
            return True
        at += 2 if body[at] == "\\" else 1
    fields = [token for token in inner if not tokenize.tok_name[token.type].endswith("_MIDDLE")]
    if any("\\" in token.string or token.type == tokenize.COMMENT for token in fields):
        return True
    rows = pairwise(inner)
    return any(
        before.end[0] < after.start[0] and before.line.rstrip("\n").endswith("\\")
        for before, after in rows
        if not tokenize.tok_name[before.type].endswith("_MIDDLE")
    )


def _join_names(tokens: Iterable[TokenInfo]) -> Iterator[TokenInfo]:
    """Yield the tokens with pieces of one identifier, which touch each other, as one name."""
    held: TokenInfo | None = None
    for token in tokens:
        if held is not None and _is_one_name(held, token):
            string = held.string + token.string
            held = TokenInfo(tokenize.NAME, string, held.start, token.end, held.line)
            continue
        if held is not None:
            yield held
        held = token if token.type in _PARTS else None
        if held is None:
            yield token
    if held is not None:
        yield held


def _is_one_name(held: TokenInfo, token: TokenInfo) -> bool:
    touching = token.type in _PARTS and token.start == held.end
    return touching and not (held.string.isascii() and token.string.isascii())
