"""What Python makes of a file, held against what a reader of the diff makes of it.

No list of odd letters is needed for this: Python says where each statement begins, and that is
compared with where it is seen to begin. Whatever makes the two differ (a form feed, a backslash at
a line's end, a semicolon, a text that swallows code) is found by its effect. What a file held
before, in the very same line, is not the change's doing.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.domain.change import Finding
from bot.guards._code_and_text import (
    SourceTokens,
    find_disguised_code,
    find_misleading_names,
    find_reinterpreted_lines,
    tokenize_source,
)
from bot.guards._enclosing_block import find_moved_lines
from bot.guards._layout import Oddity, find_misplaced, parse_source
from bot.guards._legibility import SOURCES, quote
from bot.guards._similar_names import find_similar_names
from bot.infra.unified_diff import FilePatch, parse


class PythonText(NamedTuple):
    """A file's text before and after a change; `None` where it is not there, or is no text."""

    before: str | None
    after: str | None


Sources = Mapping[str, PythonText]
"""By path after the change: at least all text files that are still there then."""

# `exec` in the second line: how a shell is made to start Python where its path is long.
_SCRIPT = re.compile(r"#!.*(?:python|pypy|\buv\b|\bpipx\b)|#!.*\n['\"].*exec.*python")
_UNREADABLE = "Python 3.11 cannot read this file, so what runs was not compared with what is shown."


def list_text_files(diff: str) -> list[tuple[str, str]]:
    """Return the files of a diff that are text and there afterwards: path now, path before."""
    return [(patch.path, patch.old_path) for patch in parse(diff) if _is_text(patch)]


def _is_text(patch: FilePatch) -> bool:
    return patch.status != "deleted" and not patch.binary


def is_run_by_python(patch: FilePatch, sources: Sources) -> bool:
    """Whether Python runs a file: by its ending, or by its first line, now or until it lost it."""
    if patch.path.lower().endswith(SOURCES):
        return True
    before, after = sources.get(patch.path) or PythonText(None, None)
    if after is None or after.startswith("#!"):
        return bool(_SCRIPT.match(after or ""))
    return bool(_SCRIPT.match(before or ""))


def find_misleading_code(patch: FilePatch, sources: Sources) -> Iterator[Finding]:
    """Yield where a Python file does not run as it reads."""
    if not patch.python or not _is_text(patch):
        return
    source = sources.get(patch.path)
    if source is None or source.after is None:
        yield _create_finding(patch, "Could not be read as text: what runs is not what is shown.")
        return
    before, after = _parse(source.before or ""), _parse(source.after)
    if after is None:
        if before is not None:
            yield _create_finding(patch, _UNREADABLE)
        elif source.before:
            yield _create_finding(patch, _UNREADABLE, blocking=False)
        return
    yield from _find_new_oddities(patch, before, after)
    for one, blocking in find_similar_names(before and before.tree, after.tree):
        text = quote(after.lines[one.line - 1]) if one.line else ""
        yield _create_finding(patch, f"Line {one.line}: {one.why}: `{text}`.", blocking=blocking)
    if before is not None and source.before:
        yield from _find_reinterpreted(patch, before, after)


class _ParsedSource(NamedTuple):
    lines: list[str]
    tree: ast.Module
    tokens: SourceTokens


def _parse(text: str) -> _ParsedSource | None:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    tree = parse_source(text)
    words = tokenize_source(text) if tree is not None else None
    return None if tree is None or words is None else _ParsedSource(text.split("\n"), tree, words)


def _find_oddities(read: _ParsedSource) -> Iterator[Oddity]:
    yield from find_misplaced(read.tree, read.lines, read.tokens.end_lines)
    yield from find_disguised_code(read.tokens, read.lines)
    yield from find_misleading_names(read.tokens)


def _find_new_oddities(
    patch: FilePatch, before: _ParsedSource | None, after: _ParsedSource
) -> Iterator[Finding]:
    known = Counter(
        (one.why, before.lines[one.line - 1].strip()) for one in _find_oddities(before)
    ) if before else Counter[tuple[str, str]]()  # fmt: skip
    for one in sorted(_find_oddities(after)):
        text = after.lines[one.line - 1]
        key = (one.why, text.strip())
        if known[key] > 0:
            known[key] -= 1
            continue
        yield _create_finding(patch, f"Line {one.line}: {one.why}: `{quote(text)}`.")


def _find_reinterpreted(
    patch: FilePatch, before: _ParsedSource, after: _ParsedSource
) -> Iterator[Finding]:
    kept = list(patch.iterate_unchanged(len(before.lines)))
    for one in find_moved_lines(before.tree, after.tree, kept, before.lines):
        yield _create_finding(
            patch, f"Line {one.line}: {one.why}: `{quote(after.lines[one.line - 1])}`."
        )
    turned = find_reinterpreted_lines(before.tokens, after.tokens, kept, after.lines)
    if turned:
        message = (
            f"Line {turned[0]}: the diff leaves it as it is, and Python reads it otherwise than "
            f"before, as text instead of code or the other way round: "
            f"`{quote(after.lines[turned[0] - 1])}`"
        )
        others = f", and {len(turned) - 1} more such lines." if len(turned) > 1 else "."
        yield _create_finding(patch, message + others)


def _create_finding(patch: FilePatch, message: str, *, blocking: bool = True) -> Finding:
    return Finding(rule="unsafe_file", path=patch.path, message=message, blocking=blocking)
