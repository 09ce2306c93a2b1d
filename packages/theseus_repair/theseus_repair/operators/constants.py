"""Wrong numbers, booleans and strings."""

import ast
import difflib
from collections.abc import Iterator
from itertools import islice

from theseus_repair.model import Candidate
from theseus_repair.operators._sql import get_verb
from theseus_repair.operators._view import View
from theseus_repair.source import list_defaults

EMPTY = (
    ("list", "[]"), ("sequence", "[]"), ("iterable", "[]"), ("dict", "{}"), ("mapping", "{}"),
    ("set", "set()"), ("tuple", "()"), ("str", '""'), ("int", "0"), ("float", "0.0"),
    ("bool", "False"),
)  # fmt: skip
BY_KEYWORD = 4
BY_NAME = 5


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other constants for one statement."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield from _propose_annotated_empty(statement.annotation, statement.value, view)
    for node in view.iterate_nodes(statement):
        if not isinstance(node, ast.Constant):
            continue
        if isinstance(node.value, bool):
            yield view.put(node, str(not node.value), "boolean", 0.8)
        elif isinstance(node.value, (int, float)):
            yield from _propose_numbers(node, node.value, view)
            yield from _propose_names(node, view)
        elif isinstance(node.value, str):
            yield from _propose_strings(node, node.value, view)
        elif node.value is None:
            yield from _propose_for_none(node, view)
        yield from _propose_keyword_constants(node, view)
        yield from _propose_unread_parameter(node, view)


def _propose_annotated_empty(
    annotation: ast.expr, value: ast.expr, view: View
) -> Iterator[Candidate]:
    """Yield the empty value of the annotated type for a `None` that contradicts it."""
    annotated = view.get_code(annotation)
    if view.get_code(value) != "None" or "None" in annotated or "Optional" in annotated:
        return
    name = annotated.partition("[")[0].rpartition(".")[2].lower()
    for kind, text in EMPTY:
        if kind == name:
            yield view.put(value, text, "constant", 0.7)


def _propose_keyword_constants(node: ast.Constant, view: View) -> Iterator[Candidate]:
    """Yield the constants that other calls of the file pass for a keyword: `gender="n"`."""
    keyword = view.source.parents.get(node)
    if not isinstance(keyword, ast.keyword) or isinstance(node.value, bool) or not keyword.arg:
        return
    constants = view.source.keyword_constants.get(keyword.arg, ())
    for text in [text for text in constants if text != view.get_code(node)][:BY_KEYWORD]:
        yield view.put(node, text, "constant", 0.4)


def _propose_unread_parameter(node: ast.Constant, view: View) -> Iterator[Candidate]:
    """Yield a parameter that is never read for a constant that equals its default."""
    function = view.source.find_function(node)
    if function is None:
        return
    read = {name.id for name in ast.walk(function) if isinstance(name, ast.Name)}
    for arg, value in list_defaults(function):
        if arg.arg in read or not isinstance(value, ast.Constant) or value is node:
            continue
        if type(value.value) is type(node.value) and value.value == node.value:
            yield view.put(node, arg.arg, "name", 0.9)


def _propose_numbers(node: ast.Constant, value: float, view: View) -> Iterator[Candidate]:
    others: dict[float, float] = {}
    if isinstance(value, int):
        others.update({value + 1: 0.7, value - 1: 0.7})
    if value in (0, 1):
        others[1 - value] = 0.8
    if isinstance(view.source.parents.get(node), ast.Subscript):
        others[-1 if value == 0 else 0] = 0.6
    if value > 1:
        others.update({value * 10: 0.3, value * 2: 0.15, value / 2: 0.15})
        others[value // 10 if isinstance(value, int) and value % 10 == 0 else value / 10] = 0.3
    if isinstance(value, int):
        others = {other: weight for other, weight in others.items() if other == int(other)}
    for other in _list_numbers_nearby(node, value, view):
        others[other] = max(others.get(other, 0), 0.35)
    for other, weight in others.items():
        if other != value and not _is_idle(node, other, view):
            text = repr(type(value)(other)) if isinstance(other, type(value)) else repr(other)
            yield _build_number(node, text, weight, view)
    if value and not isinstance(view.source.parents.get(node), ast.UnaryOp):
        yield _build_number(node, f"-{view.get_code(node)}", 0.3, view)


def _is_idle(node: ast.Constant, value: float, view: View) -> bool:
    """Return whether a number would change nothing in its place: `x - 0`, `x * 1`.

    Other operators already propose to remove the operation.
    """
    parent = view.source.parents.get(node)
    if isinstance(parent, ast.AugAssign):
        return value == 0 and isinstance(parent.op, (ast.Add, ast.Sub))
    if not isinstance(parent, ast.BinOp) or parent.right is not node:
        return False
    if isinstance(parent.op, (ast.Add, ast.Sub)):
        return value == 0
    return value == 1 and isinstance(parent.op, (ast.Mult, ast.Div, ast.FloorDiv, ast.Pow))


def _propose_names(node: ast.Constant, view: View) -> Iterator[Candidate]:
    """Yield a local, plus or minus one as well, for a number in arithmetic."""
    if isinstance(view.source.parents.get(node), (ast.BinOp, ast.Compare)):
        for name in view.list_names_before(node)[:BY_NAME]:
            yield view.put(node, name, "name", 0.25)
            for text in (f"{name} - 1", f"{name} + 1"):
                yield view.put(node, view.add_parentheses(node, text), "operand", 0.12)


def _build_number(node: ast.Constant, text: str, weight: float, view: View) -> Candidate:
    parent = view.source.parents.get(node)
    if text.startswith("-") and isinstance(parent, (ast.BinOp, ast.UnaryOp)):
        text = f"({text})"
        weight *= 0.5
    return view.put(node, text, "constant", weight)


def _list_numbers_nearby(node: ast.Constant, value: float, view: View) -> list[float]:
    """Return the numbers of the same kind used elsewhere in the file, few of them."""
    same = (
        number for number in view.source.numbers if type(number) is type(value) and number != value
    )
    return list(islice(same, 10))


def _propose_strings(node: ast.Constant, value: str, view: View) -> Iterator[Candidate]:
    code = view.get_code(node)
    quote = code[0] if code[:1] in {'"', "'"} else ""
    if not quote or code[:3] == quote * 3 or "\n" in code:
        return
    verb = get_verb(value)  # another verb would do something else: DELETE for UPDATE
    pool = [text for text in view.pools.strings if text != value and get_verb(text) == verb]
    near = difflib.get_close_matches(value, pool, 4, 0.55)
    same = [text for text in pool if text.lower() == value.lower()]
    for other in dict.fromkeys([*same, *near]):
        if other.isprintable() and quote not in other and "\\" not in other:
            weight = 0.35 + 0.35 * difflib.SequenceMatcher(None, value, other).ratio()
            yield view.put(node, f"{quote}{other}{quote}", "string", weight)
    if len(value) <= 1:
        for other in ("", " ", ", ", "\\n"):
            if other != value:
                yield view.put(node, f"{quote}{other}{quote}", "string", 0.25)


def _propose_for_none(node: ast.Constant, view: View) -> Iterator[Candidate]:
    """Yield empty values for a `None` that is returned or is a default."""
    parent = view.source.parents.get(node)
    if isinstance(parent, (ast.Return, ast.arguments)):
        for text in ("0", "[]", '""', "False", "True", "{}"):
            yield view.put(node, text, "constant", 0.2)
