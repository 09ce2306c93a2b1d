"""Learns edit templates: replacements in small commits, generalised to other code."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import cast

from theseus_guard.syntax import parse

from theseus_repair.guidance import is_test
from theseus_repair.model import EditTemplate, SuspectHunk

LINES_AT_MOST = (
    8  # removed and added lines of a commit; in larger ones the pairing of lines is a guess
)
PLACES_AT_MOST = 3  # in a function; if there are more, lines have moved and pair by chance
TEMPLATES_AT_MOST = 80
VARIABLE = re.compile(r"\b_any(\d+)_\b")
_INNER = (ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context)
_PARTS = (ast.Starred, ast.Slice, ast.FormattedValue)
_PLAIN = (ast.Name, ast.Constant)
_ANCHORS = (ast.Attribute, ast.Call, ast.keyword)


def learn_templates(hunks: Iterable[SuspectHunk]) -> tuple[EditTemplate, ...]:
    """Return the replacements of small commits: frequent ones first, then the newest.

    `hunks` are of successive diffs, the newest first, with their complete functions. A replacement
    that was reverted later was no fix, and is left out.
    """
    counted: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], str] = {}
    for hunk in _select_small(hunks):
        pairs = list(dict.fromkeys(_iterate_pairs(hunk)))
        counted.update(pairs)
        for pair in pairs:
            newest.setdefault(pair, hunk.commit)
    pairs = [pair for pair in newest if pair[::-1] not in newest]
    pairs.sort(key=lambda pair: -counted[pair])
    return tuple(
        EditTemplate(*pair, newest[pair], counted[pair]) for pair in pairs[:TEMPLATES_AT_MOST]
    )


def _select_small(hunks: Iterable[SuspectHunk]) -> Iterator[SuspectHunk]:
    """Yield the hunks of commits that change few lines of the program; tests do not count."""
    program_hunks = [hunk for hunk in hunks if not is_test(hunk.path)]
    lines: Counter[str] = Counter()
    for hunk in program_hunks:
        lines[hunk.commit] += sum(mark[:1] in "+-" for mark in hunk.lines)
    return (hunk for hunk in program_hunks if lines[hunk.commit] <= LINES_AT_MOST)


def _iterate_pairs(hunk: SuspectHunk) -> Iterator[tuple[str, str]]:
    try:
        old, new = parse(_get_side(hunk, "-")), parse(_get_side(hunk, "+"))
    except (SyntaxError, ValueError, RecursionError):
        return  # the hunk begins within a statement
    found = find_differences(old, new)
    values = [pair for pair in found if all(map(is_value, pair))]
    for before, after in values if len(found) <= PLACES_AT_MOST else ():
        pair = _generalise(before, after)
        if pair is not None:
            yield pair


def _get_side(hunk: SuspectHunk, sign: str) -> str:
    """Return the lines of a hunk before or after the change."""
    return textwrap.dedent("\n".join(mark[1:] for mark in hunk.lines if mark[:1] in (" ", sign)))


def find_differences(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Return pairs of the smallest old and new nodes that contain all differences.

    A name or a number alone is too general, so the node around it is returned instead.
    """
    inner = _pair_children(old, new)
    if inner is None:
        return [(old, new)]
    found = [pair for children in inner for pair in find_differences(*children)]
    if not found or not isinstance(old, ast.expr):
        return found
    is_specific = len(found) == 1 and all(map(is_value, found[0]))
    return found if is_specific and not isinstance(found[0][0], _PLAIN) else [(old, new)]


def _pair_children(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]] | None:
    """Return the children in pairs; `None` if the nodes differ in more than their children."""
    if type(old) is not type(new):
        return None
    pairs: list[tuple[ast.AST, ast.AST]] = []
    for name in old._fields:
        old_children, new_children = (
            _to_list(getattr(old, name, None)),
            _to_list(getattr(new, name, None)),
        )
        if len(old_children) != len(new_children):
            return None
        for one, other in zip(old_children, new_children, strict=True):
            if isinstance(one, ast.AST) and isinstance(other, ast.AST):
                if isinstance(one, _INNER) and type(one) is not type(other):
                    return None
                pairs.append((one, other))
            elif one != other:
                return None
    return pairs


def _to_list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else (value,)


def _generalise(before: ast.AST, after: ast.AST) -> tuple[str, str] | None:
    """Return both as patterns with variables for shared parts; `None` if no name is left.

    The pattern needs a name that is called or looked up; without one it would match anywhere.
    """
    if isinstance(before, _PLAIN):
        return None
    dumps = {ast.dump(node) for node in ast.walk(after) if isinstance(node, ast.expr)}
    shared = dict.fromkeys(ast.dump(node) for node in _find_shared(before, dumps))
    names = {dump: f"_any{number}_" for number, dump in enumerate(shared, 1)}
    replacer = _Replacer(names)
    patterns = replacer.generic_visit(deepcopy(before)), replacer.visit(deepcopy(after))
    if not any(isinstance(node, _ANCHORS) for pattern in patterns for node in ast.walk(pattern)):
        return None
    one, other = map(ast.unparse, patterns)
    return (one, other) if one != other else None


def _find_shared(node: ast.AST, there: set[str]) -> Iterator[ast.AST]:
    """Yield the largest expressions below a node that are also in the other one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant):
            continue
        # The called name and a constant value make the pattern specific.
        called = isinstance(node, ast.Call) and child is node.func
        if not called and is_value(child) and ast.dump(child) in there:
            yield child
        else:
            yield from _find_shared(child, there)


def is_value(node: ast.AST) -> bool:
    """Return whether a node is an expression that can be used wherever an expression can."""
    return isinstance(node, ast.expr) and not isinstance(node, _PARTS)


class _Replacer(ast.NodeTransformer):
    """Replaces expressions, identified by their dumps, by names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the name for a node, or the node with replacements inside."""
        if isinstance(node, ast.FormattedValue):  # a format specification is not a value
            node.value = cast("ast.expr", self.visit(node.value))
            return node
        name = self._names.get(ast.dump(node)) if is_value(node) else None
        return self.generic_visit(node) if name is None else ast.Name(name, ast.Load())
