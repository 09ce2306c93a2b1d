"""Missing guards: for None, empty collections, zero divisors, absent keys, indexes out of range."""

import ast
import builtins
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._returns import list_exits
from theseus_repair.operators._view import View
from theseus_repair.source import list_parameters

CHAIN = (ast.Name, ast.Attribute)
STATEMENTS = (ast.Return, ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign, ast.If, ast.For,
              ast.While, ast.Raise, ast.AsyncFor, ast.With, ast.Assert)  # fmt: skip


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield guards in front of (or inside) a statement that crashed."""
    if not view.is_at_crash(statement) or not isinstance(statement, STATEMENTS):
        return
    none = view.has_crash_text("NoneType", "None") and view.crash.error in {
        "AttributeError",
        "TypeError",
    }
    if none:
        yield from _propose_none_guards(statement, view)
    if view.crash.error in {"AttributeError", "TypeError"}:
        yield from _guard_other_types(statement, view)
    if view.crash.error == "ZeroDivisionError":
        yield from _propose_zero_guards(statement, view)
    if view.crash.error in {"IndexError", "ValueError", "StopIteration", "TypeError"}:
        yield from _propose_empty_guards(statement, view)
    if view.crash.error == "KeyError":
        yield from _propose_key_guards(statement, view)
    if view.crash.error == "RecursionError":
        yield from _propose_empty_guards(statement, view)


def _guard_before(statement: ast.stmt, test: str, weight: float, view: View) -> Iterator[Candidate]:
    """Yield `if test: <leave>` in front of the statement, for each fitting way to leave."""
    if not weight or not view.source.is_line_start(statement) or _is_elif(statement, view):
        return
    for exit_, fit in list_exits(statement, view):
        edit = view.source.insert_before(statement, [f"if {test}:", *_indent(exit_)])
        why = f"guard: `if {test}: {'; '.join(exit_.splitlines())}`"
        yield view.make([edit], "guard", weight * fit, why, statement)


def _guard_other_types(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield `return NotImplemented` for operands of another type, as in `__eq__`."""
    function, klass = view.source.find_function(statement), view.source.find_class(statement)
    if function is None or klass is None or not re.fullmatch(r"__\w+__", function.name):
        return
    parameters = [arg.arg for arg in list_parameters(function)]
    if len(parameters) == 2 and view.source.is_line_start(statement):
        lines = [f"if not isinstance({parameters[1]}, {klass.name}):", "    return NotImplemented"]
        edit = view.source.insert_before(statement, lines)
        why = f"return `NotImplemented` for operands that are not `{klass.name}`"
        yield view.make([edit], "guard", 0.8, why, statement)


def _indent(exit_: str) -> list[str]:
    return [f"    {line}" for line in exit_.splitlines()]


def _is_elif(statement: ast.stmt, view: View) -> bool:
    line = view.source.lines[statement.lineno - 1].lstrip()
    return isinstance(statement, ast.If) and line.startswith("elif")


def _propose_none_guards(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    seen = set(view.crash.get_hint("none"))
    for target, use in _find_receivers(statement, view):
        code = view.get_code(target)
        known = 1.0 if code in seen or not seen else 0.45
        if isinstance(target, CHAIN) and _is_chain(target):
            yield from _guard_before(statement, f"{code} is None", 0.85 * known, view)
            yield from _guard_inside(statement, f"{code} is not None", 0.6 * known, view)
            for text, weight in (("{} or []", 0.5), ("{} or {{}}", 0.35), ('{} or ""', 0.4)):
                soft = view.add_parentheses(target, text.format(code))
                yield view.put(target, soft, "guard", weight * known * 0.8)
        elif isinstance(target, ast.Call) and isinstance(use, ast.Attribute):
            yield from _guard_result(statement, target, view)
        if isinstance(target, (ast.Call, ast.Subscript)):
            yield from _propose_empty_default(target, view)


def _is_chain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _find_receivers(statement: ast.stmt, view: View) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the expressions whose value being None would explain the crash, and their use."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            yield node.value, node
        elif isinstance(node, ast.BinOp):
            yield node.left, node
            yield node.right, node
        elif isinstance(node, ast.Compare):
            for value in (node.left, *node.comparators):
                yield value, node
        elif isinstance(node, ast.Call):
            for value in node.args[:3]:
                yield value, node
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield node.generators[0].iter, node
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        yield statement.iter, statement.iter


def _guard_inside(statement: ast.stmt, test: str, weight: float, view: View) -> Iterator[Candidate]:
    """Yield the test added to a condition, or put around a value."""
    if not weight:
        return
    if isinstance(statement, (ast.If, ast.While)):
        code = view.get_code(statement.test)
        code = f"({code})" if isinstance(statement.test, (ast.BoolOp, ast.IfExp)) else code
        yield view.put(statement.test, f"{test} and {code}", "guard", weight)
        negated = test.replace(" is not None", " is None")
        yield view.put(statement.test, f"{negated} or {code}", "guard", weight * 0.7)
    value = getattr(statement, "value", None)
    if isinstance(statement, (ast.Return, ast.Assign)) and isinstance(value, ast.expr):
        for other, fit in (("None", 0.55), ('""', 0.45), ("0", 0.5), ("[]", 0.45)):
            text = f"{view.get_code(value)} if {test} else {other}"
            yield view.put(value, text, "guard", weight * fit)


def _guard_result(statement: ast.stmt, call: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield `found = call` and a guard on it, in front of the statement that used the call."""
    if not view.source.is_line_start(statement) or isinstance(statement, (ast.While, ast.For)):
        return
    used_names = set(view.list_names_before(statement))
    name = next(name for name in ("found", "value", "result", "kept") if name not in used_names)
    for exit_, fit in list_exits(statement, view):
        lines = [f"{name} = {view.get_code(call)}", f"if {name} is None:", *_indent(exit_)]
        edits = [view.source.insert_before(statement, lines), view.source.replace(call, name)]
        why = f"guard: `{view.get_code(call)[:40]}` may be None"
        yield view.make(edits, "guard", 0.7 * fit, why, statement)


def _propose_empty_default(node: ast.expr, view: View) -> Iterator[Candidate]:
    for text, weight in (("[]", 0.3), ("{}", 0.25), ('""', 0.3)):
        yield view.put(node, f"({view.get_code(node)} or {text})", "guard", weight)


def _propose_zero_guards(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    for node in [*view.iterate_nodes(statement), statement]:
        divides = isinstance(getattr(node, "op", None), (ast.Div, ast.FloorDiv, ast.Mod))
        divisor = getattr(node, "right", None) or getattr(node, "value", None)
        if not divides or not isinstance(divisor, ast.expr):
            continue
        for test, weight in _iterate_zero_tests(divisor, view):
            yield from _guard_before(statement, test, weight, view)
            if isinstance(node, ast.BinOp):
                code = view.get_code(node)
                positive = test.removeprefix("not ") if test.startswith("not ") else None
                positive = positive or test.replace("==", "!=")
                text = view.add_parentheses(node, f"{code} if {positive} else 0")
                yield view.put(node, text, "guard", weight * 0.6)


def _iterate_zero_tests(divisor: ast.expr, view: View) -> Iterator[tuple[str, float]]:
    """Yield tests that are true when a divisor is zero; `not xs` for `len(xs)`."""
    code = view.get_code(divisor)
    if isinstance(divisor, ast.Call) and view.get_code(divisor.func) == "len" and divisor.args:
        yield f"not {view.get_code(divisor.args[0])}", 0.95
        return
    function = view.source.find_function(divisor)
    for inner in ast.walk(function) if function else ():
        if isinstance(inner, ast.Assign) and view.get_code(inner.targets[0]) == code:
            value = inner.value
            if isinstance(value, ast.Call) and view.get_code(value.func) == "len":
                yield f"not {view.get_code(value.args[0])}", 0.9
    if "\n" not in code:
        plain = isinstance(divisor, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
        code = code if plain else f"({code})"
        yield f"{code} == 0", 0.85
        yield f"not {code}", 0.6


def _propose_empty_guards(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    empties = [name for name in view.crash.get_hint("empty") if "__" not in name]
    used = {
        view.get_code(node) for node in view.iterate_nodes(statement) if isinstance(node, CHAIN)
    }
    for name in empties[:6]:
        weight = 0.75 if name in used else 0.35
        yield from _guard_before(statement, f"not {name}", weight, view)
        yield from _guard_inside(statement, name, weight * 0.7, view)
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Subscript) and view.crash.error == "IndexError":
            head, index = view.get_code(node.value), view.get_code(node.slice)
            if head not in empties and not isinstance(node.slice, (ast.Slice, ast.Constant)):
                plain = isinstance(node.value, CHAIN)
                yield from _guard_before(statement, f"{index} >= len({head})", 0.4 * plain, view)
                yield from _guard_inside(statement, f"{index} < len({head})", 0.4 * plain, view)


def _propose_key_guards(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            head, key = view.get_code(node.value), view.get_code(node.slice)
            if head not in dir(builtins) and "\n" not in head + key:
                yield from _guard_before(statement, f"{key} not in {head}", 0.5, view)
