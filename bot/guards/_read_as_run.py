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
from bot.guards._alike import drawn_alike
from bot.guards._code_and_text import SourceTokens, misleading_names, swallowed, tokens_of, unlike
from bot.guards._enclosing_block import moved_out
from bot.guards._layout import Oddity, misplaced, parsed
from bot.guards._legible import SOURCES, quoted
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


def text_files(diff: str) -> list[tuple[str, str]]:
    """Return the files of a diff that are text and there afterwards: path now, path before."""
    return [(patch.path, patch.old_path) for patch in parse(diff) if _is_text(patch)]


def _is_text(patch: FilePatch) -> bool:
    return patch.status != "deleted" and not patch.binary


def run_by_python(patch: FilePatch, sources: Sources) -> bool:
    """Whether Python runs a file: by its ending, or by its first line, now or until it lost it."""
    if patch.path.lower().endswith(SOURCES):
        return True
    before, after = sources.get(patch.path) or PythonText(None, None)
    if after is None or after.startswith("#!"):
        return bool(_SCRIPT.match(after or ""))
    return bool(_SCRIPT.match(before or ""))


def misread(patch: FilePatch, sources: Sources) -> Iterator[Finding]:
    """Yield where a Python file does not run as it reads."""
    if not patch.python or not _is_text(patch):
        return
    source = sources.get(patch.path)
    if source is None or source.after is None:
        yield _found(patch, "Could not be read as text: what runs is not what is shown.")
        return
    before, after = _read(source.before or ""), _read(source.after)
    if after is None:
        if before is not None:
            yield _found(patch, _UNREADABLE)
        elif source.before:
            yield _found(patch, _UNREADABLE, blocking=False)
        return
    yield from _odd(patch, before, after)
    for one, blocking in drawn_alike(before and before.tree, after.tree):
        text = quoted(after.lines[one.line - 1]) if one.line else ""
        yield _found(patch, f"Line {one.line}: {one.why}: `{text}`.", blocking=blocking)
    if before is not None and source.before:
        yield from _turned(patch, before, after)


class _Read(NamedTuple):
    lines: list[str]
    tree: ast.Module
    words: SourceTokens


def _read(text: str) -> _Read | None:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    tree = parsed(text)
    words = tokens_of(text) if tree is not None else None
    return None if tree is None or words is None else _Read(text.split("\n"), tree, words)


def _oddities(read: _Read) -> Iterator[Oddity]:
    yield from misplaced(read.tree, read.lines, read.words.ended)
    yield from unlike(read.words, read.lines)
    yield from misleading_names(read.words)


def _odd(patch: FilePatch, before: _Read | None, after: _Read) -> Iterator[Finding]:
    known = Counter(
        (one.why, before.lines[one.line - 1].strip()) for one in _oddities(before)
    ) if before else Counter[tuple[str, str]]()  # fmt: skip
    for one in sorted(_oddities(after)):
        text = after.lines[one.line - 1]
        key = (one.why, text.strip())
        if known[key] > 0:
            known[key] -= 1
            continue
        yield _found(patch, f"Line {one.line}: {one.why}: `{quoted(text)}`.")


def _turned(patch: FilePatch, before: _Read, after: _Read) -> Iterator[Finding]:
    kept = list(patch.kept(len(before.lines)))
    for one in moved_out(before.tree, after.tree, kept, before.lines):
        yield _found(patch, f"Line {one.line}: {one.why}: `{quoted(after.lines[one.line - 1])}`.")
    turned = swallowed(before.words, after.words, kept, after.lines)
    if turned:
        message = (
            f"Line {turned[0]}: the diff leaves it as it is, and Python reads it otherwise than "
            f"before, as text instead of code or the other way round: "
            f"`{quoted(after.lines[turned[0] - 1])}`"
        )
        others = f", and {len(turned) - 1} more such lines." if len(turned) > 1 else "."
        yield _found(patch, message + others)


def _found(patch: FilePatch, message: str, *, blocking: bool = True) -> Finding:
    return Finding(rule="unsafe_file", path=patch.path, message=message, blocking=blocking)
