"""Missing decorators of methods: static methods, class methods, properties and setters."""

import ast
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, Source

OF_INSTANCES = {"self", "mcs", "metacls"}
MISCOUNTED = ("positional argument", "multiple values")
NOT_CALLED = ("'method'", "'function'", "bound method")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield decorators for one method that has none."""
    if not isinstance(statement, FunctionNode) or statement.decorator_list:
        return
    special = statement.name.startswith("__") and statement.name.endswith("__")
    within = isinstance(view.source.parents.get(statement), ast.ClassDef)
    if special or not within or not view.source.is_line_start(statement):
        return
    for name, weight in _propose_missing(statement, view):
        edit = view.source.insert_before(statement, [f"@{name}"])
        why = f"make `{statement.name}` a `{name}`"
        yield view.make([edit], "decorator", weight, why, statement)


def _propose_missing(function: FunctionNode, view: View) -> Iterator[tuple[str, float]]:
    """Yield the decorators suggested by the first parameter, or by the error of a call."""
    parameters = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
    miscounted = 1.5 if view.has_crash_text(*MISCOUNTED) else 1.0
    first = parameters[0] if parameters else ""
    if is_property_replacement(function, view.source) and len(parameters) == 2:
        yield f"{function.name}.setter", 2.5
    elif first == "cls":
        yield "classmethod", 0.6 * miscounted
    elif first not in OF_INSTANCES:
        yield "staticmethod", 0.5 * miscounted
    elif len(parameters) == 1 and view.has_crash_text(*NOT_CALLED):
        yield "property", 0.6


def is_property_replacement(function: FunctionNode, source: Source) -> bool:
    """Return whether a method without a decorator has the name of a property above it.

    Then the property can no longer be read: the method lacks `@name.setter`, or has a wrong name.
    """
    klass = source.parents.get(function)
    if function.decorator_list or not isinstance(klass, ast.ClassDef):
        return False
    return any(
        isinstance(other, FunctionNode)
        and other.name == function.name
        and other.lineno < function.lineno
        and any(isinstance(decorator, ast.Name) and decorator.id == "property"
                for decorator in other.decorator_list)
        for other in klass.body
    )  # fmt: skip
