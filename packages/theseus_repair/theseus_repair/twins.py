"""Makes the same edit at every equal place: a copied fault is wrong in every copy.

Two places are equal if both have the same expression, or the same line of a statement. A name or
key that does not exist is misspelt wherever it occurs.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from theseus_repair.model import Candidate, SourceEdit, Texts
from theseus_repair.source import Source, get_header_lines

PLACES_AT_MOST = 8  # code that occurs more often is not a copy, but the usual style of this file
TOKENS_AT_LEAST = 4  # shorter code such as `i + 1` means something else in each place
MISSPELT = {"NameError": "name", "AttributeError": "attribute", "KeyError": "key"}
TOKEN = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|\w+|\s+|[^\w\s]")
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)
Span = tuple[int, int]


def widen(candidate: Candidate, texts: Texts, error: str = "") -> Candidate | None:
    """Return the candidate with its edit made at all equal places of its file, or `None`.

    `error` is the name of the exception that the failing test ended with.
    """
    paths = {edit.path for edit in candidate.edits}
    if candidate.kind in ("revert", "pair") or candidate.also or len(paths) != 1:
        return None
    try:
        source = _parse_source(candidate.path, texts[candidate.path])
    except (SyntaxError, ValueError):
        return None
    if len(candidate.edits) == 1 and error in MISSPELT:
        edits = _edit_same_tokens(source, candidate.edits[0])
    else:
        edits = list(_iterate_copies(source, candidate))
    if not 1 <= len(edits) <= PLACES_AT_MOST:
        return None
    lines = sorted({source.text.count("\n", 0, edit.start) + 1 + edit.text.startswith("\n")
                    for edit in edits})  # fmt: skip
    where = ", ".join(map(str, lines))
    return replace(
        candidate,
        edits=tuple(sorted((*candidate.edits, *edits), key=lambda edit: edit.start)),
        why=f"{candidate.why}, and the same in line {where}",
        # Just below the single edit: if that is enough, no other place is changed.
        rank=candidate.rank * 0.99,
        also=tuple(lines),
    )


@lru_cache(maxsize=4)
def _parse_source(path: str, text: str) -> Source:
    """Return the unedited file, cached: many candidates need it, and parsing takes up to 0.1 s."""
    return Source(path, text)


def _edit_same_tokens(source: Source, edit: SourceEdit) -> list[SourceEdit]:
    """Return edits of all other tokens with the text that this edit replaces."""
    core = _trim_edit(source.text, edit)
    old = source.text[core.start : core.end]
    if not re.fullmatch(r"\w+|(['\"])[^'\"\n]*\1", old):
        return []
    return [
        SourceEdit(edit.path, start, end, core.text)
        for start, end in _find_tokens(source, old)
        if start != core.start
    ]


def _trim_edit(text: str, edit: SourceEdit) -> SourceEdit:
    """Return the edit without the unchanged tokens at its start and its end."""
    old, new = TOKEN.findall(text[edit.start : edit.end]), TOKEN.findall(edit.text)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    start = edit.start + len("".join(old[:first]))
    trimmed = "".join(new[first : len(new) - last])
    return SourceEdit(edit.path, start, edit.end - len("".join(old[len(old) - last :])), trimmed)


def _find_tokens(source: Source, text: str) -> Iterator[Span]:
    """Yield the places of the tokens of code with this text."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.string == text:
            line, column = token.start
            start = sum(map(len, source.lines[: line - 1])) + column
            yield start, start + len(text)


def _iterate_copies(source: Source, candidate: Candidate) -> Iterator[SourceEdit]:
    """Yield the candidate's edits, moved to all other places with the same code."""
    span = (min(edit.start for edit in candidate.edits), max(edit.end for edit in candidate.edits))
    anchor = _find_anchor(source, span)
    if anchor is None:
        return
    code = _read(source, anchor)
    first, last = _place(source, anchor)
    if _count_tokens(code) < TOKENS_AT_LEAST:
        return
    if not first - len(_get_indent(source, anchor)) <= span[0] <= span[1] <= last:
        return  # the edit reaches into a block below this line
    for node in source.nodes:
        if type(node) is not type(anchor) or node is anchor or _read(source, node) != code:
            continue
        start, end = _place(source, node)
        if end <= first or last <= start:
            yield from _move_edits(source, candidate, anchor, node)


def _move_edits(
    source: Source, candidate: Candidate, anchor: ast.AST, node: ast.AST
) -> Iterator[SourceEdit]:
    first, start = _place(source, anchor)[0], _place(source, node)[0]
    old, new = _get_indent(source, anchor), _get_indent(source, node)
    for edit in candidate.edits:
        at, text = edit.start - first, edit.text
        if isinstance(anchor, ast.stmt):
            text = re.sub(rf"(?m)^{re.escape(old)}", new, text) if "\n" in text else text
            at = at if at >= 0 else -len(new)
        yield SourceEdit(edit.path, start + at, start + at + edit.end - edit.start, text)


def _find_anchor(source: Source, span: Span) -> ast.AST | None:
    """Return the smallest expression or statement around the edit that is worth comparing."""
    inserted = span[0] == span[1]
    best: ast.AST | None = None
    for node in source.nodes:
        if not isinstance(node, (ast.expr, ast.stmt)) or node in source.annotations:
            continue
        start, end = source.get_span(node)
        if isinstance(node, ast.stmt):
            start -= len(_get_indent(source, node))
        if inserted and isinstance(node, ast.expr):
            continue
        if (
            start <= span[0]
            and span[1] <= end
            and (best is None or not _is_wider(source, node, best))
        ):
            best = node
    while isinstance(best, ast.expr) and _count_tokens(_read(source, best)) < TOKENS_AT_LEAST:
        best = source.parents.get(best)
    return best if isinstance(best, (ast.expr, ast.stmt)) else None


def _count_tokens(code: str) -> int:
    return sum(not token.isspace() for token in TOKEN.findall(code))


def _is_wider(source: Source, node: ast.AST, other: ast.AST) -> bool:
    (start, end), (first, last) = source.get_span(node), source.get_span(other)
    return end - start > last - first


def _place(source: Source, node: ast.AST) -> Span:
    """Return the span of an expression, or the lines of a statement without its blocks."""
    start, end = source.get_span(node)
    if isinstance(node, ast.stmt):
        lines = get_header_lines(node)
        end = min(end, sum(map(len, source.lines[: lines[-1]]))) if lines else end
    return start, end


def _read(source: Source, node: ast.AST) -> str:
    """Return the code of a place; for a short statement, with the header of its block."""
    start, end = _place(source, node)
    code = source.text[start:end].strip()
    above = source.parents.get(node)
    if (
        isinstance(node, ast.stmt)
        and isinstance(above, BLOCKS)
        and _count_tokens(code) < TOKENS_AT_LEAST
    ):
        first, last = _place(source, above)
        other = (
            node not in above.body
        )  # the block of an `else` runs in another case than the block above
        code = f"{source.text[first:last].strip()} {other} {code}"
    return code


def _get_indent(source: Source, node: ast.AST) -> str:
    return source.get_indent(node) if isinstance(node, ast.stmt) else ""
