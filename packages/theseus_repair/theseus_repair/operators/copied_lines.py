"""A missing statement that another function of the class or module has in this or similar form."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, Source, set_on_self

WEIGHT, NOTED = 0.25, 0.08
LINES, PLACES = 6, 8  # at most this many lines of one function, and places in it
ATTRIBUTES, NAMES = 4, 4
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While)
LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield lines of neighbouring functions, inserted between the statements of a function."""
    if not isinstance(statement, (FunctionNode, *BLOCKS)):
        return
    is_function = isinstance(statement, FunctionNode)
    function = statement if is_function else view.source.find_function(statement)
    if not isinstance(function, FunctionNode):
        return
    if "property" in map(view.get_code, function.decorator_list):  # a property has no side effects
        return
    room = view.source.find_class(function) or view.source.tree
    own = {view.get_code(node) for node in ast.walk(function) if isinstance(node, ast.stmt)}
    lines = [each for each in _list_record_statements(view.source, room) if each[0] not in own]
    places = [each for each in statement.body[-PLACES:] if view.source.is_line_start(each)]
    for place in places if statement.body[0].lineno > statement.lineno else ():
        known = {*view.list_names_before(place), "self", "cls"}
        fitting = [line for line, read in lines if read <= known | view.source.module_names]
        noted = _propose_assignments(function, place, own, view) if is_function else ()
        for line, weight in [*((line, WEIGHT) for line in fitting[:LINES]), *noted]:
            before = view.source.insert_before(place, [line])
            yield view.make([before], "insertion", weight, f"add `{line}`", place)
            if place is statement.body[-1] and not isinstance(place, LEAVES):
                after = view.source.insert_after(place, [line])
                yield view.make([after], "insertion", weight, f"add `{line}`", place)


def _propose_assignments(
    function: FunctionNode, place: ast.stmt, own: set[str], view: View
) -> Iterator[tuple[str, float]]:
    """Yield `self.at = now` for an attribute that a method only reads and others assign."""
    room = view.source.find_class(function)
    if room is None:
        return
    assigned = set_on_self(room)
    read = {
        node.attr: None
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and view.get_code(node.value) == "self"
    }
    left = [
        name
        for name in read
        if name in assigned
        and not any(re.match(rf"self\.{name}\s*[-+*/|&%]*=", line) for line in own)
    ]
    for name in left[:ATTRIBUTES]:
        for value in view.list_names_before(place)[:NAMES]:
            yield f"self.{name} = {value}", NOTED


@lru_cache(maxsize=64)
def _list_record_statements(
    source: Source, room: ast.AST
) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the statements of a class or module that record something, with the names they read.

    Those are method calls on attributes or module variables, and assignments to attributes.
    """
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(room):
        code = (
            source.get_code(node)
            if isinstance(node, ast.stmt) and _is_record_statement(node)
            else ""
        )
        if code and "\n" not in code:
            names = (each.id for each in ast.walk(node) if isinstance(each, ast.Name))
            found[code] = frozenset(names)
    return tuple(found.items())


def _is_record_statement(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    if isinstance(node, ast.AugAssign):
        return isinstance(node.target, (ast.Attribute, ast.Subscript))
    return isinstance(node, ast.Assign) and isinstance(
        node.targets[0], (ast.Attribute, ast.Subscript)
    )
