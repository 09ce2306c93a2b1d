"""Compares how Python reads a file with how a reader of the diff reads it.

This needs no list of odd characters: Python reports where each statement begins, and that is
compared with where it is seen to begin. Anything that makes the two differ (a form feed, a
backslash at the end of a line, a semicolon, a string that swallows code) is found by its effect.
An oddity that the same line had before the change is not reported.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from theseus_guard._code_and_text import (
    SourceTokens,
    find_disguised_code,
    find_misleading_names,
    find_reinterpreted_lines,
    tokenize_source,
)
from theseus_guard._enclosing_block import find_moved_lines
from theseus_guard._layout import Oddity, find_misplaced, parse_source
from theseus_guard._legibility import SOURCES, quote
from theseus_guard._similar_names import find_similar_names
from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch, parse


class PythonText(NamedTuple):
    """A file's text before and after a change; `None` where the file is missing or not text."""

    before: str | None
    after: str | None


Sources = Mapping[str, PythonText]
"""Texts by path after the change: at least all text files that still exist then."""

# `exec` on the second line: the usual work-around for a path too long for a `#!` line.
_SCRIPT = re.compile(r"#!.*(?:python|pypy|\buv\b|\bpipx\b)|#!.*\n['\"].*exec.*python")
_UNREADABLE = "Python 3.11 cannot parse this file, so I could not check that it runs as it reads."


def list_text_files(diff: str) -> list[tuple[str, str]]:
    """Return the text files of a diff that exist after it, as (path now, path before)."""
    return [(patch.path, patch.old_path) for patch in parse(diff) if _is_text(patch)]


def _is_text(patch: FilePatch) -> bool:
    return patch.status != "deleted" and not patch.binary


def is_run_by_python(patch: FilePatch, sources: Sources) -> bool:
    """Return whether Python runs a file, by its suffix or first line (the old one if removed)."""
    if patch.path.lower().endswith(SOURCES):
        return True
    before, after = sources.get(patch.path) or PythonText(None, None)
    if after is None or after.startswith("#!"):
        return bool(_SCRIPT.match(after or ""))
    return bool(_SCRIPT.match(before or ""))


def find_misleading_code(patch: FilePatch, sources: Sources) -> Iterator[Finding]:
    """Yield findings where a Python file does not run as it reads."""
    if not patch.python or not _is_text(patch):
        return
    source = sources.get(patch.path)
    if source is None or source.after is None:
        yield _create_finding(patch, "Cannot be read as text, so the diff does not show what runs.")
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
    tokens = tokenize_source(text) if tree is not None else None
    return None if tree is None or tokens is None else _ParsedSource(text.split("\n"), tree, tokens)


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
    unchanged = list(patch.iterate_unchanged(len(before.lines)))
    for one in find_moved_lines(before.tree, after.tree, unchanged, before.lines):
        yield _create_finding(
            patch, f"Line {one.line}: {one.why}: `{quote(after.lines[one.line - 1])}`."
        )
    changed = find_reinterpreted_lines(before.tokens, after.tokens, unchanged, after.lines)
    if changed:
        message = (
            f"Line {changed[0]}: the line is unchanged, but Python reads it differently than "
            f"before, for example as text instead of code: "
            f"`{quote(after.lines[changed[0] - 1])}`"
        )
        others = f", and {len(changed) - 1} more such lines." if len(changed) > 1 else "."
        yield _create_finding(patch, message + others)


def _create_finding(patch: FilePatch, message: str, *, blocking: bool = True) -> Finding:
    return Finding(rule="unsafe_file", path=patch.path, message=message, blocking=blocking)
