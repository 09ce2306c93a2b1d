"""Finds code that looks like a string or a comment, and names that look like others, by tokens."""

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from tokenize import TokenInfo
from typing import NamedTuple

from theseus_guard._layout import Oddity
from theseus_guard._letters import find_identifier_fault
from theseus_guard._tokens import as_oldest

_SILENT = frozenset(
    {
        tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
        tokenize.ENCODING,
    }
)  # fmt: skip
_ENDS = frozenset({tokenize.NEWLINE, tokenize.NL})
_TRIPLE = re.compile(r"[a-zA-Z]{0,2}(?:'''|\"\"\")")
_ONLY_QUOTES = re.compile(r"\s*[a-zA-Z]{0,2}(?:'''|\"\"\")\s*")
# Wider than Python's identifiers, so that a name with a forbidden character is found as one name.
_NAME_RUN = re.compile(r"[^\s!-/:-@\[-^`{-~]+")
_FAR = 40  # columns: a viewer may cut a line off there without a visible sign


class SourceTokens(NamedTuple):
    """The tokens of a file, and the lines on which a logical line or a comment ends."""

    tokens: tuple[TokenInfo, ...]
    end_lines: frozenset[int]


def tokenize_source(text: str) -> SourceTokens | None:
    """Return a file's tokens, equal in all versions of Python; `None` if it cannot be tokenized."""
    try:
        tokens = tuple(as_oldest(tokenize.generate_tokens(io.StringIO(text).readline), text))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return None
    return SourceTokens(
        tokens, frozenset(token.start[0] for token in tokens if token.type in _ENDS)
    )


def find_disguised_code(source: SourceTokens, lines: Sequence[str]) -> Iterator[Oddity]:
    """Yield lines that look like a string or a comment but run, or that are pushed out of sight."""
    end = (1, 0)
    text: TokenInfo | None = None
    for token in source.tokens:
        if token.type in _SILENT:
            continue
        line, column = token.start
        if text and text.end[0] == line and _is_remark(lines[line - 1], text, token):
            yield Oddity(line, "looks like a comment, but runs")
        if line == end[0] and column - end[1] >= _FAR and token.type != tokenize.COMMENT:
            yield Oddity(line, "has code far to the right, where a reader does not look")
        if token.type == tokenize.STRING and token.start[0] != token.end[0]:
            text = token
            if not _TRIPLE.match(token.string):
                yield Oddity(line, "a string continues on the next line without triple quotes")
        end = token.end


def _is_remark(line: str, text: TokenInfo, token: TokenInfo) -> bool:
    """Return whether a line that begins inside a string looks like a comment but holds code."""
    within = line.lstrip().startswith("#") and text.start[0] != text.end[0]
    return within and token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING)


def find_misleading_names(source: SourceTokens) -> Iterator[Oddity]:
    """Yield identifiers that look like other names, also within the fields of f-strings."""
    for token in source.tokens:
        for name in _iterate_foreign_names(token):
            if fault := find_identifier_fault(name):
                yield Oddity(token.start[0], fault)


def _iterate_foreign_names(token: TokenInfo) -> Iterator[str]:
    """Yield the names of a token that are not plain ASCII."""
    if token.string.isascii():
        return
    if token.type == tokenize.NAME:
        yield token.string
    elif (
        token.type == tokenize.STRING and "f" in token.string.partition(token.string[-1])[0].lower()
    ):
        fields = "".join(letter if deep else " " for letter, deep in _iterate_depths(token.string))
        yield from (word for word in _NAME_RUN.findall(fields) if not word.isascii())


def _iterate_depths(text: str) -> Iterator[tuple[str, int]]:
    """Yield the characters of an f-string with the number of replacement fields around each."""
    deep, at = 0, 0
    while at < len(text):
        if not deep and text[at : at + 2] in ("{{", "}}"):
            at += 2
            continue
        deep += text[at] == "{"
        yield text[at], deep
        deep -= text[at] == "}" and deep > 0
        at += 1


def find_reinterpreted_lines(
    before: SourceTokens,
    after: SourceTokens,
    unchanged: Iterable[tuple[int, int]],
    lines: Sequence[str],
) -> list[int]:
    """Return the unchanged lines (numbered as after the change) that are parsed differently."""
    was, now = _group_by_line(before), _group_by_line(after)
    text_was, text_now = _map_string_lines(before), _map_string_lines(after)
    return [
        new
        for old, new in unchanged
        if (was.get(old), text_was.get(old)) != (now.get(new), text_now.get(new))
        and new <= len(lines)
        and lines[new - 1].strip()
        and not _ONLY_QUOTES.fullmatch(lines[new - 1])
    ]


def _group_by_line(source: SourceTokens) -> dict[int, list[tuple[int, str]]]:
    """Return the tokens that begin on each line; only the first line of a multi-line token."""
    found: dict[int, list[tuple[int, str]]] = {}
    for token in source.tokens:
        if token.type not in _SILENT:
            first = token.string.partition("\n")[0]
            found.setdefault(token.start[0], []).append((token.type, first))
    return found


class _StringLine(NamedTuple):
    """How Python parses a line that begins inside a string: its fields and its escapes."""

    deep: int
    fields: bool
    escapes: str


def _map_string_lines(source: SourceTokens) -> dict[int, _StringLine]:
    """Return the lines that begin inside a string, with what the string's prefix changes there."""
    found: dict[int, _StringLine] = {}
    for token in source.tokens:
        if token.type == tokenize.STRING and token.start[0] != token.end[0]:
            prefix = token.string.partition(token.string[-1])[0].lower()
            deep = 0
            for number, line in enumerate(token.string.split("\n"), token.start[0]):
                braces = line.replace("{{", "").replace("}}", "") if "f" in prefix else ""
                escapes = "".join(sorted(set(prefix) & {"r", "b"})) if "\\" in line else ""
                if number > token.start[0]:
                    found[number] = _StringLine(deep, "{" in braces or "}" in braces, escapes)
                deep += braces.count("{") - braces.count("}")
    return found
