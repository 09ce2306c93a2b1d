"""Values to bound, convert or cut: a maximum, an absolute value, a slice, a sorted list."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.operators.attributes import NO_ATTRIBUTE
from theseus_repair.source import Source

BOUNDS = (("1:", 0.4), (":-1", 0.4))
NUMERIC = (ast.BinOp, ast.Name, ast.Subscript, ast.Call, ast.Attribute)
BOUNDS_NAMES = 4
LIMITS = 6  # constants of a module
COMPARED = 3
USED = {False: 0.5, True: 0.1}  # a constant that is never read was probably intended for this
GOES_THROUGH = {"list", "tuple", "enumerate", "iter"}
CHANGING = ("append", "remove", "insert", "pop", "add", "discard", "clear", "extend")
CHANGED = ("changed size during iteration", "mutated during iteration", "changed during iteration")
NO_TEXT = ("can only concatenate str", "must be str, not", "expected str instance")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield ways to bound, convert or cut a value that is assigned, returned or iterated over."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        yield from _propose_bounds(statement.targets[0], statement.value, view)
    if isinstance(statement, (ast.Assign, ast.Return)) and statement.value is not None:
        yield from _propose_conversions(statement.value, view)
        yield from _propose_limits(statement.value, view)
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        yield from _cut(statement.iter, statement, view)
        yield from _propose_copies(statement.iter, view)
    yield from _propose_ordered(statement, view)
    yield from _propose_compared_bounds(statement, view)
    if view.is_at_crash(statement):
        yield from _as_text(statement, view)
    if isinstance(statement, ast.Return) and statement.value is not None:
        yield from _cut(statement.value, statement, view)
        yield from _propose_comparisons(statement, statement.value, view)


def _propose_bounds(target: ast.Name, value: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield the maximum and the minimum of a name's old value and its new one."""
    if target.id not in view.list_names_before(target) or not isinstance(value, NUMERIC):
        return
    if target.id in _find_sequences(
        view.source, view.source.find_function(target) or view.source.tree
    ):
        return  # the minimum of a list and a longer one is the list itself, which fixes nothing
    text = view.get_code(value)
    for function in ("max", "min"):
        yield view.put(value, f"{function}({target.id}, {text})", "function", 0.55)
    if isinstance(value, ast.BinOp):
        yield view.put(value, f"max(0, {text})", "function", 0.4)  # a running total that restarts


def _propose_limits(value: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield a number bounded by 0 from below, or by a constant of the module from above."""
    text = view.get_code(value)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
        yield view.put(value, f"max(0, {text})", "function", 0.4)
    if isinstance(value, NUMERIC):
        for name, used in _list_limits(view.source):
            for function in ("min", "max") if name not in text else ():
                yield view.put(value, f"{function}({text}, {name})", "function", USED[used])


def _propose_compared_bounds(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the maximum and minimum of a name and the value that the condition compares."""
    compared = {
        view.get_code(side): None
        for up in view.source.iterate_ancestors(statement)
        if isinstance(up, (ast.If, ast.While))
        for node in ast.walk(up.test)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if not isinstance(side, ast.Constant)
    }
    for node in view.iterate_nodes(statement) if compared else ():
        parent = view.source.parents.get(node)
        if isinstance(node, ast.Name) and isinstance(parent, (ast.Tuple, ast.List, ast.Call)):
            for other in [each for each in compared if each != node.id][:COMPARED]:
                for function in ("max", "min"):
                    yield view.put(node, f"{function}({other}, {node.id})", "function", 0.2)


@lru_cache(maxsize=16)
def _list_limits(source: Source) -> tuple[tuple[str, bool], ...]:
    """Return the constants of a module that are numbers, and whether the module reads them."""
    named = [
        statement.targets[0].id
        for statement in source.tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Constant)
        and type(statement.value.value) in (int, float)
    ]
    read = {node.id for node in source.nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}  # fmt: skip
    return tuple((name, name in read) for name in named[:LIMITS])


@lru_cache(maxsize=64)
def _find_sequences(source: Source, room: ast.AST) -> frozenset[str]:
    """Return the names that a function measures, indexes, iterates over or unpacks."""
    found: set[str] = set()
    for node in ast.walk(room):
        used: ast.expr | None = None
        if isinstance(node, (ast.Subscript, ast.Starred)):
            used = node.value
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            used = node.iter
        elif isinstance(node, ast.Call) and source.get_code(node.func) == "len" and node.args:
            used = node.args[0]
        if isinstance(used, ast.Name):
            found.add(used.id)
    return frozenset(found)


def _propose_conversions(value: ast.expr, view: View) -> Iterator[Candidate]:
    text = view.get_code(value)
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Sub, ast.Div)):
        yield view.put(value, f"abs({text})", "function", 0.35)
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Div, ast.Mult)):
        yield view.put(value, f"int({text})", "function", 0.3)
    if isinstance(value, (ast.List, ast.ListComp)):
        yield view.put(value, f"tuple({text})", "function", 0.2)
    if isinstance(value, ast.GeneratorExp):
        yield view.put(value, f"list{text}", "function", 0.4)


def _propose_copies(value: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield a copy of an iterated collection that may change meanwhile, and a sorted one."""
    if isinstance(value, (ast.Name, ast.Attribute, ast.Call)):
        text = view.get_code(value)
        weight = 0.35 if text in _find_changed(view.source) else 0.08
        yield view.put(
            value, f"list({text})", "function", 0.9 if view.has_crash_text(*CHANGED) else weight
        )
        yield view.put(value, f"sorted({text})", "function", 0.2)


@lru_cache(maxsize=64)
def _find_changed(source: Source) -> frozenset[str]:
    """Return the code of the collections that a file adds to or removes from."""
    calls = (call for name in CHANGING for call in source.calls.get(name, ()))
    return frozenset(
        source.get_code(call.func.value) for call in calls if isinstance(call.func, ast.Attribute)
    )


def _propose_ordered(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield each element once, in order, for a set whose order is undefined."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call) and view.get_code(node.func) == "set" and len(node.args) == 1:
            parent = view.source.parents.get(node)
            by = view.get_code(parent.func) if isinstance(parent, ast.Call) else ""
            loop = isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is node
            if loop or by in GOES_THROUGH or by.endswith(".join"):
                yield view.put(
                    node, f"dict.fromkeys({view.get_code(node.args[0])})", "function", 0.4
                )


def _as_text(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield a value converted to a string, if a string method or a string sum failed on it."""
    if view.has_crash_text("NoneType"):  # the text "None" is no answer
        return
    absent = NO_ATTRIBUTE.search(view.crash.message)
    method = absent[1] if absent and hasattr(str, absent[1]) else ""
    added = view.has_crash_text(*NO_TEXT)
    for node in view.iterate_nodes(statement):
        operand = isinstance(view.source.parents.get(node), ast.BinOp)
        if added and operand and isinstance(node, (ast.Name, ast.Attribute, ast.Call)):
            yield view.put(node, f"str({view.get_code(node)})", "function", 0.5)
        elif method and isinstance(node, ast.Attribute) and node.attr == method:
            yield view.put(node.value, f"str({view.get_code(node.value)})", "function", 0.6)


def _cut(value: ast.expr, statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield slices of a plain sequence: without its first or last, from or up to a name."""
    if not isinstance(value, (ast.Name, ast.Attribute)):
        return
    text = view.get_code(value)
    for bound, weight in BOUNDS:
        yield view.put(value, f"{text}[{bound}]", "slice", weight)
    names = [name for name in view.list_names_before(statement) if name != text]
    for name in names[:BOUNDS_NAMES]:
        yield view.put(value, f"{text}[{name}:]", "slice", 0.35)
        yield view.put(value, f"{text}[:{name}]", "slice", 0.35)


def _propose_comparisons(statement: ast.Return, value: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield a comparison for a fixed boolean."""
    if not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
        return
    for name in view.list_names_before(statement)[:BOUNDS_NAMES]:
        for text, weight in ((f"{name} == 0", 0.5), (f"not {name}", 0.45), (f"{name} > 0", 0.35)):
            yield view.put(value, text, "comparison", weight)
