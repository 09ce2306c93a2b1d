"""Other expressions from the same function, and superfluous or missing calls."""

import ast
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode

NAMES = 6
DONORS = 4
BIG = (ast.Call, ast.Subscript)
IN_PLACE = {"update", "extend", "append"}
ANSWERING = {
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "replace", "removeprefix", "casefold",
    "removesuffix", "union", "difference", "intersection", "astimezone", "format", "join",
    "rjust", "ljust", "zfill", "capitalize", "with_traceback",
}  # fmt: skip


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other expressions for one statement, taken from its own function."""
    if isinstance(statement, ast.Expr):
        yield from _propose_assignment(statement, view)
    if isinstance(statement, ast.Assign):
        yield from _propose_other_target(statement, view)
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call):
            yield from _propose_local(node, view)
            yield from _propose_same_cut(node, view)
            yield from _propose_aggregates(node, view)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield from _propose_callable(node, view)
            yield from _propose_square(node, view)
        if isinstance(node, ast.Slice):
            yield from _propose_open_slices(node, view)


def _propose_assignment(statement: ast.Expr, view: View) -> Iterator[Candidate]:
    """Yield an assignment of a method's result that is thrown away."""
    call = statement.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return
    target = call.func.value
    if not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        return
    name, code = view.get_code(target), view.get_code(call)
    if call.func.attr in ANSWERING:
        yield view.put(statement, f"{name} = {code}", "assignment", 0.8)
    elif call.func.attr in IN_PLACE and len(call.args) == 1 and not call.keywords:
        yield view.put(statement, f"{name} = {view.get_code(call.args[0])}", "assignment", 0.25)


def _propose_other_target(statement: ast.Assign, view: View) -> Iterator[Candidate]:
    """Yield the item or attribute that the value reads, as the target of the assignment."""
    target = statement.targets[0]
    if not isinstance(target, (ast.Subscript, ast.Attribute)):
        return
    own = view.get_code(target)
    read = {
        view.get_code(node): None for node in ast.walk(statement.value)
        if isinstance(node, type(target)) and isinstance(node.ctx, ast.Load)
    }  # fmt: skip
    for code in list(read)[:DONORS]:
        if code != own and "\n" not in code:
            yield view.put(target, code, "assignment", 0.3)


def _propose_local(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a local for a call that is an operand or an argument: it may hold the result."""
    parent = view.source.parents.get(node)
    if not isinstance(parent, (ast.BinOp, ast.Compare, ast.Call)) or not node.args:
        return
    if getattr(parent, "func", None) is node:
        return
    passed = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    weight = 0.2 if isinstance(parent, ast.BinOp) else 0.12
    names = [name for name in view.list_names_before(node) if name not in passed]
    for name in reversed(names[-NAMES:]):
        yield view.put(node, name, "name", weight)


def _propose_aggregates(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the maximum, minimum and sum of all elements where only the first is used."""
    if len(node.args) != 1 or node.keywords or not isinstance(node.func, ast.Name):
        return
    (argument,) = node.args
    if isinstance(argument, ast.Subscript) and view.get_code(argument.slice) == "0":
        function, of = node.func.id, view.get_code(argument.value)
        for all_of_them in ("max", "min", "sum"):
            yield view.put(node, f"{all_of_them}(map({function}, {of}))", "function", 0.2)


def _propose_same_cut(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the slice that another argument of the call has: `f(a[1:], b)` to `f(a[1:], b[1:])`."""
    subscripts = [argument for argument in node.args if isinstance(argument, ast.Subscript)]
    slices = [view.get_code(part.slice) for part in subscripts if isinstance(part.slice, ast.Slice)]
    for argument in node.args:
        if isinstance(argument, ast.Name):
            for cut in dict.fromkeys(slices):
                yield view.put(argument, f"{argument.id}[{cut}]", "slice", 0.5)
        elif isinstance(argument, ast.Subscript) and isinstance(argument.slice, ast.Slice):
            yield view.put(argument, view.get_code(argument.value), "slice", 0.25)


def _propose_callable(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield a call of one of the function's callable parameters with a name: `key(item)`."""
    function = view.source.find_function(node)
    parent = view.source.parents.get(node)
    if function is None or isinstance(parent, (ast.Call, ast.Attribute)):
        return
    for name in _list_callables(function):
        if name != node.id:
            yield view.put(node, f"{name}({node.id})", "call", 0.3)


def _list_callables(function: FunctionNode) -> list[str]:
    """Return the parameters that a function calls, or whose names suggest a callable."""
    parameters = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)]
    called = {node.func.id for node in ast.walk(function)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    named = {"key", "func", "function", "transform", "convert", "parse", "normalize"}
    return [name for name in parameters if name in called or name in named][:2]


def _propose_square(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield the square of a name in a sum or a difference."""
    parent = view.source.parents.get(node)
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.Sub, ast.Add)):
        around = view.source.parents.get(parent)
        if isinstance(around, (ast.Call, ast.Compare)):
            yield view.put(node, f"{node.id} ** 2", "operand", 0.14)


def _propose_open_slices(node: ast.Slice, view: View) -> Iterator[Candidate]:
    """Yield the slice without one of its bounds, and with another bound."""
    parts = [view.get_code(part) if part is not None else "" for part in (node.lower, node.upper)]
    step = f":{view.get_code(node.step)}" if node.step is not None else ""
    if all(parts):
        yield view.put(node, f"{parts[0]}:{step}", "slice", 0.25)
        yield view.put(node, f":{parts[1]}{step}", "slice", 0.25)
    elif parts[0] or parts[1]:
        yield view.put(node, f"{parts[1]}:{parts[0]}{step}", "slice", 0.35)
    if parts[0] and not parts[1]:
        yield view.put(node, f"{parts[0]}:-1{step}", "slice", 0.15)
    if not step and not any(parts):
        yield view.put(node, "::-1", "slice", 0.2)
