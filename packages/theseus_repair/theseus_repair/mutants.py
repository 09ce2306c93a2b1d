"""Builds mutants: wrong neighbours of an edit, and small changes of a complete module.

Tests have to distinguish both from the right code. A mutant that survives its tests is not tested.
"""

import ast
import difflib
import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from theseus_repair.facts import is_constant
from theseus_repair.hazards import HazardKind
from theseus_repair.model import SourceEdit
from theseus_repair.source import Source
from theseus_repair.source_text import split_lines

EMPTY = {"0", "0.0", "''", "b''", "[]", "()", "{}"}
AT_MOST = 6  # for each kind of hazard
MOST = 10
"""The default number of mutants of a module."""

_MAX_LENGTH = 60  # characters of code in a description
_INVERTED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OTHER_OPERATION = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+")}


class Mutant(NamedTuple):
    """A module with one small change: its complete text, the line, and a description."""

    line: int
    description: str
    text: str


def generate_mutants(text: str, *, seed: int = 0, most: int = MOST) -> tuple[Mutant, ...]:
    """Return mutants of a module, each valid Python; equal for equal text and seed.

    Comparisons are inverted, conditions negated, numbers changed by one, and statements without a
    result removed. The places are drawn from the complete module, except its annotations and the
    inside of f-strings, whose position Python 3.11 does not know. Return none if the text is not
    Python.
    """
    try:
        source = Source("", text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    hidden = source.annotations | {
        part
        for node in ast.walk(source.tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
    }
    places = [
        (getattr(node, "lineno", 0), description, edit)
        for node in ast.walk(source.tree)
        if node not in hidden
        for description, edit in _iterate_changes(source, node)
    ]
    random.Random(seed).shuffle(places)  # noqa: S311 - a reproducible choice, not a secret
    found: dict[str, Mutant] = {}
    for line, description, edit in places:
        changed = _apply_edit(text, edit)
        if changed not in found and _can_parse(changed):
            found[changed] = Mutant(line, description, changed)
        if len(found) == most:
            break
    return tuple(sorted(found.values()))


def _iterate_changes(source: Source, node: ast.AST) -> Iterator[tuple[str, SourceEdit]]:
    """Yield the possible changes of a node of any module, each with its description."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _INVERTED:
            inverted = ast.Compare(node.left, [_INVERTED[type(operator)]()], node.comparators)
            yield f"`{_shorten(node)}` inverted", source.replace(node, ast.unparse(inverted))
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            negated = f"not ({source.get_code(test)})"
            yield f"`{_shorten(test)}` negated", source.replace(test, negated)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            for other in (value + 1, value - 1):
                if other != value:  # a large float has no neighbour at this distance
                    yield f"{value} changed to {other}", source.replace(node, repr(other))
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield f"`{_shorten(node)}` removed", source.replace(node, "...")


def _shorten(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"


def build_mutants(path: str, before: str, after: str, kind: HazardKind) -> list[str]:
    """Return texts that differ from `after` within the edited code, by the kind of hazard.

    Conditions are set to true and false, booleans inverted, fixed answers replaced (an empty
    fallback also removed), caught exceptions raised. Partly reverted commits and edits without a
    hazard get all of these but the last, and other arithmetic. An edit without neighbours is never
    distinguished.
    """
    source, lines = Source(path, after), find_changed_lines(before, after)
    nodes = [node for node in ast.walk(source.tree) if getattr(node, "lineno", 0) in lines]
    edits = list(_iterate_edits(source, nodes, kind))
    texts = (_apply_edit(after, edit) for edit in edits)
    return [text for text in dict.fromkeys(texts) if _can_parse(text) and text != after][:AT_MOST]


def find_changed_lines(before: str, after: str) -> frozenset[int]:
    """Return the lines of `after` that are not in `before`; for deletions, the lines around."""
    old, new = split_lines(before), split_lines(after)
    found: set[int] = set()
    for tag, _, _, first, last in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "delete":
            found |= {first, first + 1}
        elif tag != "equal":
            found |= set(range(first + 1, last + 1))
    return frozenset(found)


def _iterate_edits(source: Source, nodes: list[ast.AST], kind: HazardKind) -> Iterator[SourceEdit]:
    for node in nodes:
        if kind in ("condition", "undo"):
            for test in _find_conditions(node):
                yield source.replace(test, "True")
                yield source.replace(test, "False")
        if kind == "condition" and isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield source.replace(node, str(not node.value))
        if kind in ("constant", "undo"):
            yield from _mutate_answers(source, node)
        if kind == "undo" and isinstance(node, ast.BinOp):
            yield from _mutate_arithmetic(source, node)
        if kind == "exception":
            yield from _mutate_exceptions(source, node)


def _mutate_arithmetic(source: Source, node: ast.BinOp) -> Iterator[SourceEdit]:
    for value in filter(is_constant, (node.left, node.right)):
        yield source.replace(value, _change_value(value))
    signs = _OTHER_OPERATION.get(type(node.op))
    edit = source.replace_between(node.left, node.right, *signs) if signs else None
    if edit is not None:
        yield edit


def _mutate_answers(source: Source, node: ast.AST) -> Iterator[SourceEdit]:
    for value in _find_fixed_values(node):
        yield source.replace(value, _change_value(value))
    for value in _find_fallbacks(node):
        yield source.replace(value, "None")
    if isinstance(node, ast.Return) and node.value is None:
        yield source.replace(node, "return 0")
    if isinstance(node, (ast.Continue, ast.Break)):
        yield source.replace(node, "break" if isinstance(node, ast.Continue) else "continue")


def _mutate_exceptions(source: Source, node: ast.AST) -> Iterator[SourceEdit]:
    if isinstance(node, ast.ExceptHandler):
        yield source.replace(node.body[0], "raise")
    if isinstance(node, ast.Raise):
        yield source.replace(node, "pass")


def _find_conditions(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        yield node.test
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        yield from (test for part in node.generators for test in part.ifs)
    elif isinstance(node, ast.Return) and isinstance(
        node.value, (ast.Compare, ast.BoolOp, ast.UnaryOp)
    ):
        yield node.value


def _find_fixed_values(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the fixed values of a node: returned, used as fallback, passed or assigned."""
    values: list[ast.expr | None] = []
    if isinstance(node, (ast.Return, ast.Assign, ast.AnnAssign)):
        values = [node.value]
    elif isinstance(node, ast.IfExp):
        values = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        values = [node.values[-1]]
    elif isinstance(node, ast.Call):
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.Dict):
        values = [*node.values]
    yield from (value for value in values if value is not None and is_constant(value))


def _find_fallbacks(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the empty values that replace another one: tests often only check for presence."""
    fallbacks: list[ast.expr] = []
    if isinstance(node, ast.IfExp):
        fallbacks = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        fallbacks = [node.values[-1]]
    yield from (value for value in fallbacks if is_constant(value) and ast.unparse(value) in EMPTY)


def _change_value(value: ast.expr) -> str:
    """Return another value of the same type."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, bool):
            return str(not value.value)
        if isinstance(value.value, (int, float)):
            return repr(value.value + 1)
        return repr(f"{value.value}?") if isinstance(value.value, str) else "0"
    if isinstance(value, (ast.Tuple, ast.List)):
        return "(None,)" if isinstance(value, ast.Tuple) else "[None]"
    return "{None: None}" if isinstance(value, ast.Dict) else "None"


def _apply_edit(text: str, edit: SourceEdit) -> str:
    return text[: edit.start] + edit.text + text[edit.end :]


def _can_parse(text: str) -> bool:
    try:
        Source("", text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
