"""Missing and misplaced returns, loop exits, updates; mutable defaults; wrong excepts."""

import ast
import builtins
from collections.abc import Iterator

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, list_parameters

PLAIN_ENDS = (("False", 0.4), ("True", 0.35), ("None", 0.1), ("0", 0.25), ("[]", 0.3))


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other control flow for one statement."""
    if isinstance(statement, ast.Expr):
        yield from _propose_return(statement, view)
    if isinstance(statement, (ast.Break, ast.Continue)):
        new = "continue" if isinstance(statement, ast.Break) else "break"
        yield view.put(statement, new, "flow", 0.5)
    if isinstance(statement, FunctionNode):
        yield from _return_at_end(statement, view)
        yield from _propose_fresh_defaults(statement, view)
    if isinstance(statement, ast.Return):
        yield from _move_after_loop(statement, view)
        yield from _return_if_any(statement, view)
        if statement.value is None:
            for name in view.list_names_before(statement)[:6]:
                yield view.put(statement, f"return {name}", "return", 0.6)
    if isinstance(statement, ast.While) and isinstance(statement.test, ast.Constant):
        for name in view.list_names_before(statement)[:6]:
            yield view.put(statement.test, name, "condition", 0.3)
    if isinstance(statement, ast.Try):
        yield from _widen_excepts(statement, view)


def _propose_return(statement: ast.Expr, view: View) -> Iterator[Candidate]:
    if isinstance(statement.value, (ast.Call, ast.BinOp, ast.Compare, ast.Name, ast.Attribute)):
        function = view.source.find_function(statement)
        own = isinstance(statement.value, ast.Call) and function is not None and (
            view.get_code(statement.value.func).split(".")[-1] == function.name)  # fmt: skip
        weight = 0.9 if own else 0.45
        yield view.put(statement, f"return {view.get_code(statement)}", "return", weight)


def _return_if_any(statement: ast.Return, view: View) -> Iterator[Candidate]:
    """Yield a return inside a loop that happens only if there is something to return."""
    parent = view.source.parents.get(statement)
    looped = isinstance(parent, (ast.For, ast.AsyncFor, ast.While))
    if looped and isinstance(statement.value, ast.Name) and view.source.is_line_start(statement):
        code, inner = view.get_code(statement), view.source.get_indent(statement) + "    "
        text = f"if {statement.value.id}:\n{inner}{code}"
        yield view.put(statement, text, "condition", 0.4, f"`{code}` only where there is any")


def _return_at_end(function: FunctionNode, view: View) -> Iterator[Candidate]:
    """Yield a return of each local at the end of a function that has none."""
    last = function.body[-1]
    if isinstance(last, (ast.Return, ast.Raise)) or not view.source.is_line_start(last):
        return
    if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name):
        yield _put_after(last, f"return {last.targets[0].id}", 0.75, view)
    values = _has_return_value(function)
    for name in _list_locals(function, view)[:6]:
        yield _put_after(last, f"return {name}", 0.45 if values else 0.6, view)
    if values:
        others = [arg.arg for arg in list_parameters(function)[:4] if arg.arg != "self"]
        for text, weight in (*((name, 0.4) for name in others), *PLAIN_ENDS):
            yield _put_after(last, f"return {text}", weight, view)


def _list_locals(function: FunctionNode, view: View) -> list[str]:
    found = [
        node.id for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        and view.source.find_function(node) is function
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def _has_return_value(function: FunctionNode) -> bool:
    return any(isinstance(node, ast.Return) and node.value is not None
               for node in ast.walk(function))  # fmt: skip


def _put_after(statement: ast.stmt, line: str, weight: float, view: View) -> Candidate:
    edit = view.source.insert_after(statement, [line])
    return view.make([edit], "return", weight, f"add `{line}`", statement)


def _move_after_loop(statement: ast.Return, view: View) -> Iterator[Candidate]:
    """Yield the return moved after the loop or condition whose block it ends."""
    block = view.source.parents.get(statement)
    if not isinstance(block, (ast.For, ast.While, ast.If)) or block.body[-1] is not statement:
        return
    if getattr(block, "orelse", None) or len(block.body) < 2:
        return
    if not view.source.is_line_start(statement) or not view.source.is_line_start(block):
        return
    start, end = view.source.get_span(statement)
    indent = view.source.get_indent(statement)
    edit = SourceEdit(view.source.path, start - len(indent), end, view.source.get_indent(block)
                + view.source.text[start:end])  # fmt: skip
    yield view.make([edit], "return", 0.55, "return after the loop, not inside it", statement)


def _propose_fresh_defaults(function: FunctionNode, view: View) -> Iterator[Candidate]:
    """Yield `None` for a mutable default, which is then created inside the function."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    first = function.body[0]
    if first.lineno == function.lineno:
        return
    for arg, default in pairs:
        if isinstance(default, (ast.List, ast.Dict, ast.Set)) or (
            isinstance(default, ast.Call)
            and view.get_code(default) in {"set()", "list()", "dict()"}
        ):
            lines = [f"if {arg.arg} is None:", f"    {arg.arg} = {view.get_code(default)}"]
            edits = [view.source.replace(default, "None"), view.source.insert_before(first, lines)]
            why = f"create the default of `{arg.arg}` in every call"
            yield view.make(edits, "default", 0.75, why, function)


def _widen_excepts(statement: ast.Try, view: View) -> Iterator[Candidate]:
    """Yield the crash's own exception for one in a handler around it that did not catch it."""
    error = view.crash.error
    if not error.isidentifier() or error in {"AssertionError", "Failed", "OutOfTime"}:
        return
    if not view.is_at_crash(statement):
        return
    for caught in statement.handlers:
        if caught.type is None or error in view.get_code(caught.type):
            continue
        old, error = (
            view.get_code(caught.type),
            _qualify_exception(view.crash.error, caught.type, view),
        )
        yield view.put(caught.type, error, "except", 0.4)
        if {node.id for node in ast.walk(caught.type) if isinstance(node, ast.Name)} & {
            *view.list_names_before(caught.type)
        }:
            continue  # a local may hold a tuple, which cannot be nested into another tuple
        inner = old.strip("()")
        yield view.put(caught.type, f"({inner}, {error})", "except", 0.5)


def _qualify_exception(error: str, sibling: ast.expr, view: View) -> str:
    """Return an exception's name as the file can use it: with the module of a caught one."""
    if error in vars(builtins) or error in view.source.module_names:
        return error
    of = next((node for node in ast.walk(sibling) if isinstance(node, ast.Attribute)), None)
    return f"{view.get_code(of.value)}.{error}" if of else error
