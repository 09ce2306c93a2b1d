"""Missing statements: an update or a record-keeping call that similar code nearby would have."""

import ast
import re
from collections.abc import Iterator

from bot.repair.model import Candidate
from bot.repair.operators._view import View
from bot.repair.source import FunctionNode

UNBOUND = re.compile(r"local variable '(\w+)'")
FIRST_VALUES = (("None", 0.6), ("0", 0.6), ('""', 0.55), ("[]", 0.55), ("False", 0.45))


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield statements to add at the beginning or end of a function's, loop's or branch's body."""
    if isinstance(statement, FunctionNode):
        yield from _unbound(statement, view)
    if not isinstance(statement, (ast.For, ast.While, ast.If)):
        return
    if view.source.function(statement) is None or not view.source.starts_line(statement.body[0]):
        return
    first, last = statement.body[0], statement.body[-1]
    if first.lineno == statement.lineno:
        return
    leaves = isinstance(last, (ast.Return, ast.Raise, ast.Break, ast.Continue))
    for line, weight in _lines(statement, view):
        edit = view.source.insert_before(first, [line])
        yield view.make([edit], "insertion", weight, f"add `{line}`", first)
        if not leaves:
            edit = view.source.insert_after(last, [line])
            yield view.make([edit], "insertion", weight, f"add `{line}`", last)


def _unbound(function: FunctionNode, view: View) -> Iterator[Candidate]:
    """Yield a first value for a local that was read before anything was assigned to it."""
    missing = UNBOUND.search(view.crash.message)
    inner = view.crash.frames[-1:]
    first = function.body[0]
    if not missing or not inner or inner[0].function != function.name:
        return
    if first in view.source.docstrings or getattr(first, "value", None) in view.source.docstrings:
        first = function.body[min(1, len(function.body) - 1)]
    if view.source.starts_line(first) and first.lineno != function.lineno:
        for value, weight in FIRST_VALUES:
            line = f"{missing[1]} = {value}"
            edit = view.source.insert_before(first, [line])
            yield view.make([edit], "insertion", weight, f"add `{line}`", first)


def _lines(block: ast.For | ast.While | ast.If, view: View) -> Iterator[tuple[str, float]]:
    names = view.names_before(block.body[-1])
    tested = {node.id for node in ast.walk(block.test) if isinstance(node, ast.Name)} if (
        isinstance(block, (ast.While, ast.If))) else set()  # fmt: skip
    if isinstance(block, ast.While):
        for name in names:
            if name in tested:
                yield f"{name} += 1", 0.4
                yield f"{name} -= 1", 0.3
    items = [node.id for node in ast.walk(block.target) if isinstance(node, ast.Name)] if (
        isinstance(block, ast.For)) else [name for name in names if name in tested]  # fmt: skip
    for name, method in _collections(block, view).items():
        for item in items[:3]:
            if item != name:
                yield f"{name}.{method}({item})", 0.3
        for item in [other for other in names if other != name and other not in items][:4]:
            yield f"{name}.{method}({item})", 0.18


def _collections(block: ast.stmt, view: View) -> dict[str, str]:
    """Return the local sets and lists of the function around, with the method that fills them."""
    function = view.source.function(block)
    found: dict[str, str] = {}
    for node in ast.walk(function) if function else ():
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        made = view.code(node.value)
        if isinstance(node.value, (ast.List, ast.ListComp)):
            found[node.targets[0].id] = "append"
        elif made.startswith("set(") or isinstance(node.value, (ast.Set, ast.SetComp)):
            found[node.targets[0].id] = "add"
    return found
