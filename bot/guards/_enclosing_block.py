"""Whether what the diff leaves as it is still belongs to the same class or function.

Indentation alone says what a statement belongs to. So `def other():` at the left edge takes every
method below it out of its class, and none of their lines shows in the diff.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.guards._layout import Oddity

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _Member(NamedTuple):
    """A statement: its name if it defines one, the lines of all definitions around it, outermost
    first, and the kind of the innermost."""

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

    `kept` are the numbers of unchanged lines, before and after; `lines` are those before. Nothing
    is said where the definition around was itself changed in the diff, or still has one of that
    name. Of statements that define nothing only those count that leave a function or a class for
    another kind of place: parts of a function are taken into a new one every day.
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
            each.name == old.name and _has_same_parents(old, each.around, spans) for each in members
        ):
            yield Oddity(new.line, f"{old.name!a} is left as it is, and belongs elsewhere now")
        elif not old.name and old.within != new.within:
            yield Oddity(new.line, "is left as it is, and belongs elsewhere now")


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
    """Return the statement each line begins with: `def f(): ...` holds two."""
    return {member.line: member for member in reversed(members)}


class _Span(NamedTuple):
    """Between which lines of the file after one of before is found; both are counted in."""

    low: int
    high: int
    is_unchanged: bool


def _build_spans(now: Mapping[int, int], lines: Sequence[str]) -> list[_Span]:
    """Return where each line before is found again, from line 1 on.

    An unchanged line is itself; a changed one lies between the unchanged ones around it.
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
    """Whether these definitions are those around a member before, as far as they were kept.

    In the place of one whose first line was changed may stand any that were put there, or none.
    """
    at = 0
    for span in (spans[line - 1] for line in old.around):
        first = at
        while at < len(around) and span.low <= around[at] <= span.high:
            at += 1
        if span.is_unchanged and at != first + 1:
            return False
    return at == len(around)
