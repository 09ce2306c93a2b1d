"""Values that should have been converted: by a method or function used nearby, or by a copy."""

import ast
from collections import Counter
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._usage import list_used_functions, list_used_methods
from theseus_repair.operators._view import View
from theseus_repair.source import get_called_name, list_parameters

LAZY = {"keys", "values", "items", "map", "filter", "zip", "reversed"}
PLAIN = (ast.Name, ast.Attribute, ast.Subscript)
NO_TUPLE = ("a tuple of", "classes that do not inherit from BaseException", "unhashable type")
METHODS, FUNCTIONS = 6, 6
PLACES = (ast.Call, ast.Compare, ast.Assign, ast.Return, ast.Subscript, ast.Tuple, ast.BinOp,
          ast.keyword)  # fmt: skip


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield conversions of the values of one statement."""
    yield from _propose_rebinding(statement, view)
    for value in _find_stored_values(statement, view):
        code = view.get_code(value)
        yield view.put(value, f"list({code})", "function", 0.3)
        yield view.put(value, f"dict({code})", "function", 0.2)
        yield view.put(
            value, f"tuple({code})", "function", 0.7 if view.has_crash_text(*NO_TUPLE) else 0.15
        )
    for node in view.iterate_nodes(statement):
        if isinstance(node, PLAIN) and isinstance(node.ctx, ast.Load):
            yield from _propose_conversions(node, view)
        if isinstance(node, ast.Call) and get_called_name(node) in LAZY:
            yield from _as_list(node, view)
        if isinstance(node, ast.Subscript) and view.get_code(node).endswith(".args[0]"):
            error = view.get_code(node).removesuffix(".args[0]")
            yield view.put(node, f"str({error})", "function", 0.4)


def _as_list(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the list of an iterator that was a list before Python 3, where a list is needed."""
    parent = view.source.parents.get(node)
    if isinstance(parent, (ast.Compare, ast.BinOp, ast.Attribute)) or (
        isinstance(parent, ast.Subscript) and parent.value is node
    ):
        yield view.put(node, f"list({view.get_code(node)})", "function", 0.45)


def _propose_rebinding(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the conversion of a name right after its assignment: `name = name.strip()`."""
    function = view.source.find_function(statement)
    if not isinstance(statement, ast.Assign) or function is None:
        return
    names = [each.id for target in statement.targets for each in ast.walk(target)
             if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]  # fmt: skip
    reads = Counter(node.id for node in ast.walk(function)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))  # fmt: skip
    value = statement.value
    if isinstance(value, (*PLAIN, ast.Call)) and any(reads[name] > 1 for name in names):
        yield view.put(value, f"list({view.get_code(value)})", "function", 0.12)
    for name in [
        name for name in names if reads[name] > 1 and view.source.is_line_start(statement)
    ]:
        for method in list_used_methods(view.source)[:METHODS]:
            line = f"{name} = {name}.{method}()"
            edit = view.source.insert_after(statement, [line])
            yield view.make([edit], "insertion", 0.14, f"add `{line}`", statement)


def _find_stored_values(statement: ast.stmt, view: View) -> Iterator[ast.expr]:
    """Yield values that an object shares with its callers because they are not copied."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        if isinstance(target, ast.Attribute):
            function = view.source.find_function(statement)
            arguments = {arg.arg for arg in list_parameters(function)} if function else set()
            yield from (part for part in _get_parts(statement.value)
                        if isinstance(part, ast.Name) and part.id in arguments)  # fmt: skip
    elif isinstance(statement, ast.Return):
        yield from (part for part in _get_parts(statement.value) if isinstance(part, ast.Attribute))


def _get_parts(value: ast.expr | None) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.BoolOp):
        return value.values
    return [value] if value is not None else []


def _propose_conversions(node: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield the value converted by a method or a function that the file uses elsewhere."""
    parent = view.source.parents.get(node)
    if view.source.is_called(node) or not isinstance(parent, PLACES):
        return
    code, function = view.get_code(node), view.source.find_function(node)
    if "\n" in code or function is None:
        return
    for method in list_used_methods(view.source)[:METHODS]:
        yield view.put(node, f"{code}.{method}()", "call", 0.14)
    around = view.get_code(parent.func) if isinstance(parent, ast.Call) else ""
    for name in list_used_functions(view.source)[:FUNCTIONS]:
        if name not in (around, function.name):
            yield view.put(node, f"{name}({code})", "function", 0.13)
