"""Finds unchanged lines that belong to another class or function after the change.

Indentation alone decides what a statement belongs to. A new `def other():` at the left edge moves
every method below it out of its class, and none of the moved lines shows in the diff.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from theseus_guard._layout import Oddity

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _Member(NamedTuple):
    """A statement: its name if it defines one, the first lines of all definitions around it (the
    outermost first), and the kind of the innermost.
    """

    line: int
    name: str
    around: tuple[int, ...]
    within: str


def find_moved_lines(
    before: ast.Module,
    after: ast.Module,
    unchanged: Iterable[tuple[int, int]],
    lines: Sequence[str],
) -> Iterator[Oddity]:
    """Yield unchanged lines that belong to another definition than before.

    Not reported: lines whose enclosing definition was itself changed in the diff or still has a
    member of that name. Statements that define no name count only if they move from a function or
    a class to another kind of scope, because extracting a function from another is everyday work.

    Args:
        before: The tree of the old file.
        after: The tree of the new file.
        unchanged: The (old, new) numbers of the unchanged lines.
        lines: The lines of the old file.
    """
    now = dict(unchanged)
    spans = _build_spans(now, lines)
    members = list(_iterate_members(after))
    by_line = _index_by_line(members)
    for old in _index_by_line(list(_iterate_members(before))).values():
        new = by_line.get(now.get(old.line, 0))
        if new is None or _has_same_parents(old, new.around, spans):
            continue
        if old.name and not any(
            member.name == old.name and _has_same_parents(old, member.around, spans)
            for member in members
        ):
            yield Oddity(
                new.line, f"{old.name!a} is unchanged, but belongs to another class or function now"
            )
        elif not old.name and old.within != new.within:
            yield Oddity(new.line, "is unchanged, but belongs to another class or function now")


def _iterate_members(tree: ast.Module) -> Iterator[_Member]:
    """Yield all statements of a file."""
    places: list[tuple[ast.AST, tuple[int, ...], str]] = [(tree, (), "Module")]
    while places:
        node, around, within = places.pop()
        if isinstance(node, _DEFINITIONS):
            around, within = (*around, node.lineno), type(node).__name__.removeprefix("Async")
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                name = child.name if isinstance(child, _DEFINITIONS) else ""
                yield _Member(child.lineno, name, around, within)
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                places.append((child, around, within))


def _index_by_line(members: Sequence[_Member]) -> dict[int, _Member]:
    """Return the first statement that begins on each line: `def f(): ...` holds two."""
    return {member.line: member for member in reversed(members)}


class _Span(NamedTuple):
    """The lines of the new file, both included, between which an old line can be found."""

    low: int
    high: int
    is_unchanged: bool


def _build_spans(now: Mapping[int, int], lines: Sequence[str]) -> list[_Span]:
    """Return the span of each old line in the new file, from line 1 on.

    An unchanged line has exactly one line; a changed line lies between its unchanged neighbours.
    """
    fixed = [(old, now[old]) for old, text in enumerate(lines, 1) if old in now and text.strip()]
    ends = [*fixed, (len(lines) + 1, sys.maxsize)]
    spans: list[_Span] = []
    low = 0
    for old, new in ends:
        while len(spans) + 1 < old:
            spans.append(_Span(low + 1, new - 1, is_unchanged=False))
        spans.append(_Span(new, new, is_unchanged=True))
        low = new
    return spans


def _has_same_parents(old: _Member, around: Sequence[int], spans: Sequence[_Span]) -> bool:
    """Return whether `around` are the definitions that enclosed `old`, if those are unchanged.

    A definition whose first line changed may be replaced by any number of new definitions, or none.
    """
    at = 0
    for span in (spans[line - 1] for line in old.around):
        first = at
        while at < len(around) and span.low <= around[at] <= span.high:
            at += 1
        if span.is_unchanged and at != first + 1:
            return False
    return at == len(around)
