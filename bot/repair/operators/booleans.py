"""`and` for `or`, and conditions with a part too many or too few."""

import ast
import builtins
from collections.abc import Iterator

from bot.repair.model import Candidate, SourceEdit
from bot.repair.operators._view import View

PARTS = 5


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other combinations for the `and`s and `or`s of one statement."""
    for node in view.nodes(statement):
        if isinstance(node, ast.BoolOp):
            yield from _other(node, view)
            yield from _fewer(node, view)
    if isinstance(statement, (ast.If, ast.While)):
        yield from _more(statement, view)


def _other(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    edits: list[SourceEdit] = []
    for left, right in zip(node.values, node.values[1:], strict=False):
        edit = view.source.between(left, right, old, new)
        if edit is None:
            return
        edits.append(edit)
    why = f"`{new}` instead of `{old}` in `{view.code(node)[:60]}`"
    yield view.make(edits, "boolean operator", 0.75, why, node)


def _fewer(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    """Yield the condition without one of its parts."""
    joint = " and " if isinstance(node.op, ast.And) else " or "
    for gone in node.values:
        rest = [view.code(value) for value in node.values if value is not gone]
        text = joint.join(rest) if len(rest) == 1 else view.tight(node, joint.join(rest))
        weight = 0.4 if len(rest) == 1 else 0.25
        yield view.put(node, text, "condition", weight, f"without `{view.code(gone)[:50]}`")


def _more(statement: ast.If | ast.While, view: View) -> Iterator[Candidate]:
    """Yield the condition with a part more: a test of the same file, or of a plain name."""
    test = view.code(statement.test)
    if "\n" in test:
        return
    whole = isinstance(statement.test, (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Lambda))
    own = f"({test})" if whole else test
    names = view.names_before(statement)
    for part, weight in _parts(statement, names, view):
        if part not in test:
            yield view.put(statement.test, f"{own} and {part}", "condition", weight)
            yield view.put(statement.test, f"{own} or {part}", "condition", weight)


def _parts(
    statement: ast.If | ast.While, names: list[str], view: View
) -> Iterator[tuple[str, float]]:
    """Yield tests that other conditions of the class or file make of names known here."""
    seen: dict[str, None] = {}
    for node in ast.walk(view.source.klass(statement) or view.source.tree):
        if isinstance(node, (ast.If, ast.While)) and node is not statement:
            tests = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
            for each in tests:
                if _reads_only(each, {*names, "self"}) and "\n" not in view.code(each):
                    seen[view.code(each)] = None
    for part in list(seen)[:PARTS]:
        yield part, 0.15
    for name in names[:PARTS]:
        for part in (f"not {name}", name):
            yield part, 0.13


def _reads_only(test: ast.expr, known: set[str]) -> bool:
    """Tell whether a test is a plain one of these names; a compound part would want brackets."""
    read = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    compound = isinstance(test, (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Lambda, ast.Constant))
    return bool(read) and not compound and read - set(dir(builtins)) <= known
