"""Finds what a new guard should return to be consistent with the rest of a function."""

import ast
import builtins
from collections.abc import Iterator

from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode

BY_ANNOTATION = {
    "int": "0", "float": "0.0", "str": '""', "bool": "False", "list": "[]", "dict": "{}",
    "set": "set()", "tuple": "()", "None": "",
}  # fmt: skip
OF_CALL = {
    "sum": "0", "len": "0", "int": "0", "max": "0", "min": "0", "round": "0", "sorted": "[]",
    "list": "[]", "dict": "{}", "any": "False", "all": "False", "str": '""', "join": '""',
    "strip": '""', "lower": '""', "upper": '""', "title": '""',
}  # fmt: skip
FALLBACKS = ("default", "fallback", "otherwise", "missing")
COMMON = (("None", 0.7), ("0", 0.55), ("[]", 0.5), ('""', 0.5), ("False", 0.5), ("{}", 0.4))


def list_exits(statement: ast.stmt, view: View) -> list[tuple[str, float]]:
    """Return ways to leave before a statement (`return None`, `continue`, ...), best first."""
    exits: dict[str, float] = {}
    looping = _is_in_loop(statement, view)
    if looping:
        exits["continue"] = 1.0
    function = view.source.find_function(statement)
    if function is not None:
        for text, fit in _find_neighbour_answers(function, view):
            exits[text] = max(exits.get(text, 0.0), fit)
        for value, fit in _iterate_values(function, view):
            text = f"return {value}".rstrip()
            exits[text] = max(exits.get(text, 0.0), fit * (0.7 if looping else 1.0))
    return sorted(exits.items(), key=lambda item: -item[1])


def _find_neighbour_answers(function: FunctionNode, view: View) -> Iterator[tuple[str, float]]:
    """Yield the messages that guards of this function, and of nearby functions, return.

    If those answer people with "nothing planned", a guard that answers None would be inconsistent.
    """
    room = view.source.find_class(function) or view.source.tree
    known = {*view.list_names_before(function.body[-1]), "self", *view.source.module_names}
    for node in ast.walk(room):
        if not isinstance(node, ast.If) or not isinstance(node.body[-1], ast.Return):
            continue
        own = view.source.find_function(node) is function
        if node.orelse or len(node.body) > 2 or not _has_message(node.body):
            continue
        if isinstance(view.source.find_function(node), ast.AsyncFunctionDef) != isinstance(
            function, ast.AsyncFunctionDef
        ):
            continue
        read = {name.id for line in node.body for name in ast.walk(line)
                if isinstance(name, ast.Name)}  # fmt: skip
        lines = [view.get_code(line) for line in node.body]
        if read <= known | set(dir(builtins)) and not any("\n" in line for line in lines):
            yield "\n".join(lines), (1.05 if own else 1.02) * _measure_likeness(node.test, view)


def _measure_likeness(test: ast.expr, view: View) -> float:
    """Return how similar a guard is to a guard against the crash: a check for a missing value."""
    absent = {
        name.rpartition(".")[2] for kind in ("none", "empty") for name in view.crash.get_hint(kind)
    }
    read = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(test)}
    nothing = isinstance(test, ast.UnaryOp) or "is None" in view.get_code(test)
    return 1.0 if absent & read else 0.98 if nothing else 0.8


def _has_message(body: list[ast.stmt]) -> bool:
    """Return whether a guard's lines contain a text, that is, a message for people."""
    last = body[-1]
    if len(body) == 1 and isinstance(last, ast.Return):
        return isinstance(last.value, (ast.Constant, ast.JoinedStr, ast.Call)) and _has_text(last)
    return isinstance(body[0], ast.Expr) and _has_text(body[0])


def _has_text(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value
               for each in ast.walk(node))  # fmt: skip


def _is_in_loop(statement: ast.stmt, view: View) -> bool:
    for up in view.source.iterate_ancestors(statement):
        if isinstance(up, (ast.For, ast.While, ast.AsyncFor)):
            return True
        if isinstance(up, (FunctionNode, ast.ClassDef)):
            return False
    return False


def _iterate_values(function: FunctionNode, view: View) -> Iterator[tuple[str, float]]:
    returned = [node for node in ast.walk(function) if isinstance(node, ast.Return)
                and view.source.find_function(node) is function]  # fmt: skip
    values = [node.value for node in returned if node.value is not None]
    if not values:
        yield "", 1.0
        return
    annotation = _get_annotated_value(function, view)
    yield from ((text, 1.1) for text in view.pools.stated.get(function.name, ()))
    arguments = function.args
    spare = (
        [*arguments.args, *arguments.posonlyargs][-len(arguments.defaults) :]
        if arguments.defaults
        else []
    )
    for arg in (*spare, *arguments.kwonlyargs):
        named = any(word in arg.arg for word in FALLBACKS)
        yield arg.arg, 0.97 if named else 0.5
    for value in values:
        if _is_plain(value):
            text = view.get_code(value)
            yield text, 1.0 if text != "None" or annotation in (None, "None") else 0.9
        elif isinstance(value, ast.Name) and value.id in {
            arg.arg for arg in (*function.args.posonlyargs, *function.args.args)
        }:
            yield value.id, 0.7
        yield from _iterate_empty_values(value)
    if annotation is not None:
        yield annotation, 0.95
    for text, fit in COMMON:
        yield text, fit * (0.9 if annotation is None else 0.45)


def _is_plain(value: ast.expr) -> bool:
    """Return whether a value is a constant or an empty collection."""
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.operand, ast.Constant)
    if isinstance(value, (ast.List, ast.Tuple)):
        return not value.elts
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Dict) and not value.values)


def _get_annotated_value(function: FunctionNode, view: View) -> str | None:
    if function.returns is None:
        return None
    code = view.get_code(function.returns).strip("\"'")
    if "None" in code or code.startswith("Optional"):
        return "None"
    return BY_ANNOTATION.get(code.split("[")[0])


def _iterate_empty_values(value: ast.expr) -> Iterator[tuple[str, float]]:
    """Yield the empty value of the type that an expression makes."""
    if isinstance(value, (ast.List, ast.ListComp)):
        yield "[]", 0.85
    elif isinstance(value, (ast.Dict, ast.DictComp)):
        yield "{}", 0.85
    elif isinstance(value, ast.JoinedStr):
        yield '""', 0.75
    elif isinstance(value, ast.BinOp):
        divides = isinstance(value.op, ast.Div)
        yield ("0.0" if divides else "0"), 0.75
        yield ("0" if divides else "0.0"), 0.6
    elif isinstance(value, ast.Compare) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    ):
        yield "False", 0.8
        yield "True", 0.5
    elif isinstance(value, ast.Call):
        name = (
            value.func.id if isinstance(value.func, ast.Name) else getattr(value.func, "attr", "")
        )
        if name in OF_CALL:
            yield OF_CALL[name], 0.8
