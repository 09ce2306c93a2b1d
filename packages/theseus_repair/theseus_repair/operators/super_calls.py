"""Methods that replace one of their base class, and do not call it: `super().__init__()`."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, get_called_name, list_parameters

KIND = "super"
# Python names a class's private attributes after it: nothing has set `_View__stopped`.
UNSET = re.compile(r"super\(\)\.__init__|has no attribute '_\w+'|object has no attribute")
PLAIN_BASES = {"object", "Protocol", "ABC", "Generic", "NamedTuple", "TypedDict", "Enum"}


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the missing call of the base's method for a method."""
    klass = view.source.parents.get(statement)
    if not isinstance(statement, FunctionNode) or not isinstance(klass, ast.ClassDef):
        return
    bases = [str(getattr(base, "attr", getattr(base, "id", ""))) for base in klass.bases]
    bases = [base for base in bases if base and base not in PLAIN_BASES]
    if not bases or _has_base_call(statement, bases):
        return
    if statement.name == "__init__":
        yield from _initialise(statement, klass, bases, view)
    else:
        yield from _call_replaced(statement, bases, view)


def _has_base_call(function: FunctionNode, bases: list[str]) -> bool:
    """Return whether a method calls the method that it replaces."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            head = node.func.value
            name = get_called_name(head) if isinstance(head, ast.Call) else ""
            owner = str(getattr(head, "attr", getattr(head, "id", "")))
            if node.func.attr == function.name and (name == "super" or owner in bases):
                return True
    return False


def _initialise(
    function: FunctionNode, klass: ast.ClassDef, bases: list[str], view: View
) -> Iterator[Candidate]:
    own = [arg.arg for arg in list_parameters(function)][1:]
    known: set[str] = set()
    for base in bases:
        known.update(view.pools.library.find_parameters(base, "__init__") or ())
    passed = ", ".join(f"{name}={name}" for name in own if name in known)
    suggested = UNSET.search(view.crash.message) and (
        f"'{klass.name}'" in view.crash.message or "super()" in view.crash.message
    )
    weight = 0.95 if suggested else 0.3
    for arguments in dict.fromkeys((passed, "")):
        yield from _insert(function, f"super().__init__({arguments})", weight, view)
        weight *= 0.95


def _call_replaced(function: FunctionNode, bases: list[str], view: View) -> Iterator[Candidate]:
    """Yield the base's method at the start or at the end, with the same arguments."""
    library = view.pools.library
    known = [each for each in bases if library.find_parameters(each, function.name) is not None]
    arguments = function.args
    if not known or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return
    names = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)][1:]
    asynchronous = library.is_coroutine(known[0], function.name)
    if asynchronous and not isinstance(function, ast.AsyncFunctionDef):
        return
    line = f"{'await ' if asynchronous else ''}super().{function.name}({', '.join(names)})"
    yield from _insert(function, line, 0.3, view)
    last = function.body[-1]
    if not isinstance(last, (ast.Return, ast.Raise)) and view.source.is_line_start(last):
        edit = view.source.insert_after(last, [line])
        yield view.make([edit], KIND, 0.28, f"add `{line}` at the end", last)


def _insert(function: FunctionNode, line: str, weight: float, view: View) -> Iterator[Candidate]:
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1:
        first = body[1]
    if first.lineno > function.lineno and view.source.is_line_start(first):
        edit = view.source.insert_before(first, [line])
        yield view.make([edit], KIND, weight, f"add `{line}`", first)
