"""`and` for `or`, and conditions with a part too many."""

import ast
from collections.abc import Iterator

from bot.repair.model import Candidate, SourceEdit
from bot.repair.operators._view import View


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other combinations for the `and`s and `or`s of one statement."""
    for node in view.nodes(statement):
        if isinstance(node, ast.BoolOp):
            yield from _other(node, view)
            yield from _fewer(node, view)


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
    if len(node.values) == 2:
        for value in node.values:
            yield view.put(node, view.code(value), "condition", 0.4)
