"""Missing statements: an update or a recording call that similar code nearby has."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode

UNBOUND = re.compile(r"local variable '(\w+)'")
FIRST_VALUES = (("None", 0.6), ("0", 0.6), ('""', 0.55), ("[]", 0.55), ("False", 0.45))
LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COLLECTING = {"append": "append", "add": "add", "push": "push", "appendleft": "append"}
MADE = {"set": "add", "list": "append", "deque": "append"}
GAPS_LINES = 8
FILLED = 0.3  # factor for a collection that is already filled elsewhere


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield statements to add to the blocks of one statement: at their ends and in between."""
    if isinstance(statement, FunctionNode):
        yield from _initialise_unbound(statement, view)
        yield from _assign_parameters(statement, view)
    if not isinstance(statement, (*LOOPS, ast.If, FunctionNode)):
        return
    if not isinstance(statement, FunctionNode) and view.source.find_function(statement) is None:
        return
    for block in (statement.body, getattr(statement, "orelse", [])):
        if _is_open(block, statement, view):
            yield from _insert_in_block(statement, block, view)


def _is_open(block: list[ast.stmt], statement: ast.stmt, view: View) -> bool:
    """Return whether statements can be inserted into a block as separate lines."""
    if not block or block[0].lineno == statement.lineno:
        return False
    elif_ = isinstance(block[0], ast.If) and view.source.lines[block[0].lineno - 1].lstrip()
    return view.source.is_line_start(block[0]) and not (elif_ and elif_.startswith("elif"))


def _insert_in_block(owner: ast.stmt, block: list[ast.stmt], view: View) -> Iterator[Candidate]:
    if isinstance(owner, LOOPS) or (isinstance(owner, ast.If) and block is owner.body):
        lines = list(_iterate_lines(owner, view))
    else:
        lines = []
    lines += _list_fills(block, view)
    for line, weight in lines:
        if not isinstance(owner, FunctionNode):
            yield _insert_before(block[0], line, weight, view)
        if not isinstance(block[-1], LEAVES):
            yield _insert_after(block[-1], line, weight, view)
    for before, line, weight in _insert_between(block, view):
        yield _insert_before(before, line, weight, view)
    if isinstance(owner, LOOPS):
        for line, weight in _propose_carried(owner, view):
            for place in block:
                yield _insert_before(place, line, weight, view)
            if not isinstance(block[-1], LEAVES):
                yield _insert_after(block[-1], line, weight, view)


def _insert_before(statement: ast.stmt, line: str, weight: float, view: View) -> Candidate:
    edit = view.source.insert_before(statement, [line])
    return view.make([edit], "insertion", weight, f"add `{line}`", statement)


def _insert_after(statement: ast.stmt, line: str, weight: float, view: View) -> Candidate:
    edit = view.source.insert_after(statement, [line])
    return view.make([edit], "insertion", weight, f"add `{line}`", statement)


def _initialise_unbound(function: FunctionNode, view: View) -> Iterator[Candidate]:
    """Yield a first value for a local that was read before anything was assigned to it."""
    missing = UNBOUND.search(view.crash.message)
    inner = view.crash.frames[-1:]
    first = function.body[0]
    if not missing or not inner or inner[0].function != function.name:
        return
    if first in view.source.docstrings or getattr(first, "value", None) in view.source.docstrings:
        first = function.body[min(1, len(function.body) - 1)]
    if view.source.is_line_start(first) and first.lineno != function.lineno:
        for value, weight in FIRST_VALUES:
            yield _insert_before(first, f"{missing[1]} = {value}", weight, view)


def _assign_parameters(function: FunctionNode, view: View) -> Iterator[Candidate]:
    """Yield `self.x = x` for a parameter of a constructor that is not stored."""
    if function.name != "__init__" or view.source.find_class(function) is None:
        return
    last = function.body[-1]
    if not view.source.is_line_start(last) or last.lineno == function.lineno:
        return
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    arguments = function.args
    for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)[1:]:
        if arg.arg not in read:
            yield _insert_after(last, f"self.{arg.arg} = {arg.arg}", 0.8, view)


def _iterate_lines(block: ast.stmt, view: View) -> Iterator[tuple[str, float]]:
    """Yield counting and collecting statements that a loop or a condition may lack."""
    body: list[ast.stmt] = getattr(block, "body", [])
    names = view.list_names_before(body[-1])
    test = getattr(block, "test", None)
    tested = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)} if test else set()
    if isinstance(block, ast.While):
        for name in names:
            if name in tested:
                yield f"{name} += 1", 0.4
                yield f"{name} -= 1", 0.3
    items = _list_targets(block) or [name for name in names if name in tested]
    for name, (method, _) in _collect_collections(block, view).items():
        for item in items[:3]:
            if item != name:
                yield f"{name}.{method}({item})", 0.3
        for item in [other for other in names if other != name and other not in items][:4]:
            yield f"{name}.{method}({item})", 0.18


def _list_targets(block: ast.AST) -> list[str]:
    target = getattr(block, "target", None)
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)] if target else []


def _list_fills(block: list[ast.stmt], view: View) -> list[tuple[str, float]]:
    """Return lines that add a name to a collection that is read but never filled."""
    function = view.source.find_function(block[-1])
    if function is None:
        return []
    names = view.list_names_before(block[-1])
    items = [
        name
        for up in view.source.iterate_ancestors(block[-1])
        for name in _list_targets(up)
        if name != "_"
    ]
    arguments = [arg.arg for arg in function.args.args if arg.arg in names]
    others = list(dict.fromkeys([*items, *arguments, *names]))
    lines = []
    for name, (method, filled) in _collect_collections(block[-1], view).items():
        for item in [other for other in others if other != name][:6]:
            weight = 0.5 if item in items else 0.35
            lines.append((f"{name}.{method}({item})", weight * (FILLED if filled else 1.0)))
    return lines


def _collect_collections(block: ast.stmt, view: View) -> dict[str, tuple[str, bool]]:
    """Return the sets and lists made in the functions around: their method, and if filled."""
    function = view.source.find_function(block)
    found: dict[str, tuple[str, bool]] = {}
    while function is not None:
        filled = _find_filled(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name, method = node.targets[0].id, _get_fill_method(node.value)
                if method and node.lineno < block.lineno:
                    found.setdefault(name, (method, name in filled))
        function = view.source.find_function(function)
    return found


def _get_fill_method(value: ast.expr) -> str:
    if isinstance(value, (ast.List, ast.ListComp)):
        return "append"
    if isinstance(value, (ast.Set, ast.SetComp)):
        return "add"
    if isinstance(value, ast.Call):
        return MADE.get(getattr(value.func, "id", getattr(value.func, "attr", "")), "")
    return ""


def _find_filled(function: FunctionNode) -> set[str]:
    """Return the names of collections to which a function adds something."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in {*COLLECTING, "extend", "update", "insert"}:
                found.add(getattr(node.func.value, "id", ""))
        elif isinstance(node, ast.AugAssign):
            found.add(getattr(node.target, "id", ""))
    return found


def _propose_carried(loop: ast.stmt, view: View) -> Iterator[tuple[str, float]]:
    """Yield `name = other` for a local that has a first value, and that a loop only reads.

    A name that is initialised before a loop, read in it, and never assigned there was probably
    intended to carry a value from one round to the next.
    """
    function = view.source.find_function(loop)
    if function is None:
        return
    inside = list(ast.walk(loop))
    read = {node.id for node in inside
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}  # fmt: skip
    bound = {node.id for node in inside
             if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}  # fmt: skip
    touched = {getattr(node.value, "id", "") for node in inside if isinstance(node, ast.Attribute)}
    first = [node.targets[0].id for node in ast.walk(function)
             if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
             and node.lineno < loop.lineno and _is_first_value(node.value)]  # fmt: skip
    for name in dict.fromkeys(first):
        if name in read and name not in bound and name not in touched:
            for other in sorted(bound | set(_list_targets(loop)))[:GAPS_LINES]:
                yield f"{name} = {other}", 0.45
            yield f"{name} += 1", 0.4


def _is_first_value(value: ast.expr) -> bool:
    return isinstance(value, (ast.Constant, ast.UnaryOp))


def _insert_between(block: list[ast.stmt], view: View) -> Iterator[tuple[ast.stmt, str, float]]:
    """Yield collecting calls before a block's middle statements, for collections never filled."""
    for statement in block[1:]:
        if view.source.is_line_start(statement):
            for line, weight in _list_fills([statement], view):
                if weight > FILLED:
                    yield statement, line, weight * 0.8
    last = block[-1]
    if isinstance(last, LEAVES) and len(block) > 1:
        for line, weight in _list_fills([last], view):
            if weight <= FILLED:
                yield last, line, weight
