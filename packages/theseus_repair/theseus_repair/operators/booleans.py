"""`and` for `or`, and conditions with a missing or superfluous part."""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View
from theseus_repair.source import Source, list_defaults

TAKING = (ast.Call, ast.keyword, ast.Assign, ast.AnnAssign, ast.Return)
PARTS = 5
LOOKUPS = 3
BUILT_IN = frozenset(dir(builtins))
# These need parentheses as a part of a condition, or never change it.
COMPOUND = (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Lambda, ast.Constant)


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other combinations for the `and`s and `or`s of one statement."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.BoolOp):
            yield from _swap_operator(node, view)
            yield from _drop_part(node, view)
            yield from _regroup(node, view)
            yield from _propose_none_default(node, view)
    if isinstance(statement, (ast.If, ast.While)):
        yield from _add_part(statement, view)


def _swap_operator(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    edits: list[SourceEdit] = []
    for left, right in zip(node.values, node.values[1:], strict=False):
        edit = view.source.replace_between(left, right, old, new)
        if edit is None:
            return
        edits.append(edit)
    why = f"`{new}` instead of `{old}` in `{view.get_code(node)[:60]}`"
    yield view.make(edits, "boolean operator", 0.75, why, node)


def _drop_part(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    """Yield the condition without one of its parts."""
    joint = " and " if isinstance(node.op, ast.And) else " or "
    for dropped in node.values:
        rest = [value for value in node.values if value is not dropped]
        if len(rest) == 1:
            text, weight = view.add_parentheses(node, view.get_code(rest[0])), 0.4
        else:
            text, weight = (
                view.add_parentheses(node, joint.join(_format_part(each, view) for each in rest)),
                0.25,
            )
        yield view.put(node, text, "condition", weight, f"without `{view.get_code(dropped)[:50]}`")


def _regroup(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    """Yield the same parts grouped differently: `(a or b) and c` for `a or b and c`, and back."""
    outer, inner = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    first, last = node.values[0], node.values[-1]
    if isinstance(last, ast.BoolOp):
        left = _group([*node.values[:-1], last.values[0]], outer, view)
        text = f" {inner} ".join([left, *(_format_part(value, view) for value in last.values[1:])])
        yield view.put(node, view.add_parentheses(node, text), "boolean operator", 0.5)
    if isinstance(first, ast.BoolOp):
        right = _group([first.values[-1], *node.values[1:]], outer, view)
        text = f" {inner} ".join(
            [*(_format_part(value, view) for value in first.values[:-1]), right]
        )
        yield view.put(node, view.add_parentheses(node, text), "boolean operator", 0.5)


def _propose_none_default(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    """Yield a default for `None` only, instead of for every empty value."""
    parent, first = view.source.parents.get(node), node.values[0]
    plain = isinstance(first, (ast.Name, ast.Attribute)) and len(node.values) == 2
    if isinstance(node.op, ast.Or) and plain and isinstance(parent, TAKING):
        code = view.get_code(first)
        text = f"{code} if {code} is not None else {_format_part(node.values[1], view)}"
        yield view.put(node, text, "condition", 0.35)


def _group(values: list[ast.expr], joint: str, view: View) -> str:
    text = f" {joint} ".join(_format_part(value, view) for value in values)
    return f"({text})" if joint == "or" else text


def _format_part(value: ast.expr, view: View) -> str:
    """Return a part of a condition, in parentheses where it has parts itself."""
    bare = isinstance(value, ast.Constant) or not isinstance(value, COMPOUND)
    return view.get_code(value) if bare else f"({view.get_code(value)})"


def _add_part(statement: ast.If | ast.While, view: View) -> Iterator[Candidate]:
    """Yield the condition with another part: a test of the same file, or of a plain name."""
    test = view.get_code(statement.test)
    if "\n" in test:
        return
    needs_parentheses = isinstance(
        statement.test, (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Lambda)
    )
    own = f"({test})" if needs_parentheses else test
    names = view.list_names_before(statement)
    for part in _iterate_better_tests(statement, view):
        yield view.put(statement.test, f"{own} or {part}", "condition", 0.4)
    for part, weight in _iterate_parts(statement, names, view):
        if part not in test:
            yield view.put(statement.test, f"{own} and {part}", "condition", weight)
            yield view.put(statement.test, f"{own} or {part}", "condition", weight)


def _iterate_parts(
    statement: ast.If | ast.While, names: list[str], view: View
) -> Iterator[tuple[str, float]]:
    """Yield tests that other conditions of the class or file make of names known here."""
    known = {*names, "self"}
    tests = _list_plain_tests(view.source, view.source.find_class(statement) or view.source.tree)
    seen = (code for where, code, read in tests if where is not statement and read <= known)
    for part in islice(dict.fromkeys(seen), PARTS):
        yield part, 0.15
    for part in _iterate_memberships(statement, names, view):
        yield part, 0.2
    for name, value in _iterate_defaults(statement, view):
        yield f"{name} == {value}", 0.14
    for name in names[:PARTS]:
        for part in (f"not {name}", name):
            yield part, 0.13


def _iterate_better_tests(statement: ast.If | ast.While, view: View) -> Iterator[str]:
    """Yield whether a value is less, or more, than the stored one: `k not in d or v < d[k]`."""
    for node in ast.walk(statement.test):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn):
            stored = f"{view.get_code(node.comparators[0])}[{view.get_code(node.left)}]"
            for line in statement.body:
                if isinstance(line, ast.Assign) and view.get_code(line.targets[0]) == stored:
                    yield f"{view.get_code(line.value)} < {stored}"
                    yield f"{view.get_code(line.value)} > {stored}"


def _iterate_memberships(statement: ast.stmt, names: list[str], view: View) -> Iterator[str]:
    """Yield whether a key that the function reads or writes is present."""
    function = view.source.find_function(statement)
    stored = {
        (view.get_code(node.slice), view.get_code(node.value)): None
        for node in (ast.walk(function) if function else ())
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name)
    }
    for key, of in [each for each in stored if each[0] in names][:LOOKUPS]:
        yield f"{key} in {of}"
        yield f"{key} not in {of}"


def _iterate_defaults(statement: ast.stmt, view: View) -> Iterator[tuple[str, str]]:
    """Yield the parameters of the function around that have a number or a text as default."""
    function = view.source.find_function(statement)
    if function is None:
        return
    for arg, value in list_defaults(function):
        if isinstance(value, ast.Constant) and type(value.value) in (int, float, str):
            yield arg.arg, view.get_code(value)


@lru_cache(maxsize=256)
def _list_plain_tests(
    source: Source, room: ast.AST
) -> tuple[tuple[ast.If | ast.While, str, frozenset[str]], ...]:
    """Return the plain tests in a class or file: statement, code, and the names it reads."""
    found = []
    for node in ast.walk(room):
        if isinstance(node, (ast.If, ast.While)):
            tests = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
            for test in tests:
                read = {name.id for name in ast.walk(test) if isinstance(name, ast.Name)}
                code = source.get_code(test)
                if read and not isinstance(test, COMPOUND) and "\n" not in code:
                    found.append((node, code, frozenset(read - BUILT_IN)))
    return tuple(found)
