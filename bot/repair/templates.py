"""Edit templates: what small commits of a repository replaced, by what, wherever it stands."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import cast

from bot.infra.syntax import parse
from bot.repair.guidance import is_test
from bot.repair.model import EditTemplate, SuspectHunk

LINES_AT_MOST = 8  # of a commit, taken out and put in: in more, what belongs together is a guess
PLACES_AT_MOST = 3  # in a function; more are lines that moved, beside each other by chance
TEMPLATES_AT_MOST = 80
VARIABLE = re.compile(r"\b_any(\d+)_\b")
_INNER = (ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context)
_PARTS = (ast.Starred, ast.Slice, ast.FormattedValue)
_PLAIN = (ast.Name, ast.Constant)
_ANCHORS = (ast.Attribute, ast.Call, ast.keyword)


def learn_templates(hunks: Iterable[SuspectHunk]) -> tuple[EditTemplate, ...]:
    """Return what small commits replaced: what several did first, then the newest.

    `hunks` are of one diff after the other, the newest first, with all of the functions they are
    in. What was taken back later was no fix, and is left out.
    """
    counted: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], str] = {}
    for hunk in _select_small(hunks):
        pairs = list(dict.fromkeys(_iterate_pairs(hunk)))
        counted.update(pairs)
        for pair in pairs:
            newest.setdefault(pair, hunk.commit)
    kept = [pair for pair in newest if pair[::-1] not in newest]
    kept.sort(key=lambda pair: -counted[pair])
    return tuple(
        EditTemplate(*pair, newest[pair], counted[pair]) for pair in kept[:TEMPLATES_AT_MOST]
    )


def _select_small(hunks: Iterable[SuspectHunk]) -> Iterator[SuspectHunk]:
    """Yield the hunks of commits that changed a few lines of the program, whatever of its tests."""
    given = [hunk for hunk in hunks if not is_test(hunk.path)]
    lines: Counter[str] = Counter()
    for hunk in given:
        lines[hunk.commit] += sum(mark[:1] in "+-" for mark in hunk.lines)
    return (hunk for hunk in given if lines[hunk.commit] <= LINES_AT_MOST)


def _iterate_pairs(hunk: SuspectHunk) -> Iterator[tuple[str, str]]:
    try:
        old, new = parse(_get_side(hunk, "-")), parse(_get_side(hunk, "+"))
    except (SyntaxError, ValueError, RecursionError):
        return  # it begins within a statement
    found = find_differences(old, new)
    values = [pair for pair in found if all(map(is_value, pair))]
    for before, after in values if len(found) <= PLACES_AT_MOST else ():
        pair = _generalise(before, after)
        if pair is not None:
            yield pair


def _get_side(hunk: SuspectHunk, sign: str) -> str:
    """Return the lines of a hunk as they were, or as they became."""
    return textwrap.dedent("\n".join(mark[1:] for mark in hunk.lines if mark[:1] in (" ", sign)))


def find_differences(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Return the smallest nodes that hold all that differs there, with what they became.

    A name or a number alone says nothing of where it stands: then it is what holds it.
    """
    inner = _pair_children(old, new)
    if inner is None:
        return [(old, new)]
    found = [pair for each in inner for pair in find_differences(*each)]
    if not found or not isinstance(old, ast.expr):
        return found
    telling = len(found) == 1 and all(map(is_value, found[0]))
    return found if telling and not isinstance(found[0][0], _PLAIN) else [(old, new)]


def _pair_children(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]] | None:
    """Return the children side by side; None where nodes differ in more than in their children."""
    if type(old) is not type(new):
        return None
    pairs: list[tuple[ast.AST, ast.AST]] = []
    for name in old._fields:
        ours, theirs = _to_list(getattr(old, name, None)), _to_list(getattr(new, name, None))
        if len(ours) != len(theirs):
            return None
        for one, other in zip(ours, theirs, strict=True):
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
    """Return the two as patterns, in which what they share is variable; None without a name left.

    What is left has to say something: without a name that is called or looked up it fits anywhere.
    """
    if isinstance(before, _PLAIN):
        return None
    there = {ast.dump(node) for node in ast.walk(after) if isinstance(node, ast.expr)}
    shared = dict.fromkeys(ast.dump(node) for node in _find_shared(before, there))
    names = {dump: f"_any{number}_" for number, dump in enumerate(shared, 1)}
    replacer = _Replacer(names)
    patterns = replacer.generic_visit(deepcopy(before)), replacer.visit(deepcopy(after))
    if not any(isinstance(node, _ANCHORS) for each in patterns for node in ast.walk(each)):
        return None
    one, other = map(ast.unparse, patterns)
    return (one, other) if one != other else None


def _find_shared(node: ast.AST, there: set[str]) -> Iterator[ast.AST]:
    """Yield the largest expressions below a node that are in the other one as well."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant):
            continue
        # What is called says what it is about, and so does a value.
        called = isinstance(node, ast.Call) and child is node.func
        if not called and is_value(child) and ast.dump(child) in there:
            yield child
        else:
            yield from _find_shared(child, there)


def is_value(node: ast.AST) -> bool:
    """Return whether a node is an expression that may stand wherever one may."""
    return isinstance(node, ast.expr) and not isinstance(node, _PARTS)


class _Replacer(ast.NodeTransformer):
    """Puts names in the places of expressions, which are known by their dumps."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the name for a node, or the node with names in it."""
        if isinstance(node, ast.FormattedValue):  # how it is written out is no value
            node.value = cast("ast.expr", self.visit(node.value))
            return node
        name = self._names.get(ast.dump(node)) if is_value(node) else None
        return self.generic_visit(node) if name is None else ast.Name(name, ast.Load())
