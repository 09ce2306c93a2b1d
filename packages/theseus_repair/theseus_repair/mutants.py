"""Builds wrong neighbours of an edit, which tests have to distinguish from it."""

import ast
import difflib
from collections.abc import Iterator

from theseus_repair.facts import is_constant
from theseus_repair.hazards import HazardKind
from theseus_repair.model import SourceEdit
from theseus_repair.source import Source
from theseus_repair.source_text import split_lines

EMPTY = {"0", "0.0", "''", "b''", "[]", "()", "{}"}
AT_MOST = 6  # for each kind of hazard
_OTHER_OPERATION = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+")}


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
