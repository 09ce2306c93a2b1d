"""Tokenizes a source as Python 3.11 does, whatever version runs this.

Since 3.12 an f-string is several tokens, and its fields may contain its own quote. 3.11 splits an
identifier at each letter that its patterns do not know (a combining mark, a middle dot); newer
versions do not. A finding must not depend on that, so both f-strings and identifiers are joined.
"""

import tokenize
from collections.abc import Iterable, Iterator
from itertools import pairwise
from tokenize import TokenInfo

OLDEST = (3, 11)
"""The grammar by which sources are parsed: the oldest Python that has to run them."""

_PARTS = (tokenize.NAME, tokenize.NUMBER, tokenize.ERRORTOKEN)


def as_oldest(tokens: Iterable[TokenInfo], text: str) -> Iterator[TokenInfo]:
    """Yield the tokens of a text with each f-string and identifier as one token.

    Raises `SyntaxError` if Python 3.11 cannot parse an f-string.
    """
    yield from _join_names(_join_formats(tokens, text.split("\n")))


def _join_formats(tokens: Iterable[TokenInfo], lines: list[str]) -> Iterator[TokenInfo]:
    """Yield the tokens with each f-string as one string token."""
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
    """Return whether a field contains its own quote, a backslash or a comment: new in Python 3.12.

    A literal part may contain an escaped quote in older versions too.
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
    """Yield the tokens with adjacent pieces of one identifier joined into one name."""
    pending: TokenInfo | None = None
    for token in tokens:
        if pending is not None and _is_one_name(pending, token):
            string = pending.string + token.string
            pending = TokenInfo(tokenize.NAME, string, pending.start, token.end, pending.line)
            continue
        if pending is not None:
            yield pending
        pending = token if token.type in _PARTS else None
        if pending is None:
            yield token
    if pending is not None:
        yield pending


def _is_one_name(held: TokenInfo, token: TokenInfo) -> bool:
    touching = token.type in _PARTS and token.start == held.end
    return touching and not (held.string.isascii() and token.string.isascii())
