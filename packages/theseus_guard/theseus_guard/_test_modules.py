"""Reads a test module as Python and the test runner do: its names, and which of them are tests."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

from theseus_guard._layout import parse_source
from theseus_guard.syntax import evaluate_literal

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_NO_TEST = frozenset({"fixture", "property", "cached_property"})
_EXITS = frozenset({"_exit", "exit", "quit"})
_RUNNERS_OWN = re.compile(
    r"pytest.*|set_?up.*|tear_?down.*|load_tests|collect_ignore.*|__\w+__", re.IGNORECASE
)


class CollectedTest(NamedTuple):
    """A test: its number of cases (`None` if unknown), and how many of its places run nothing."""

    cases: int | None
    idle: int


class Module(NamedTuple):
    """The bindings of a test module, as `ast.dump` texts in order; methods as `Class.name`.

    `loose` counts statements that bind no name. `imported` are names bound by imports alone,
    `references` all names that are looked up or used as parameters, `active` the names that take
    part in tests without being requested (hooks, autouse fixtures).
    """

    bound: Mapping[str, tuple[str, ...]]
    imported: frozenset[str]
    loose: Counter[str]
    references: frozenset[str]
    active: frozenset[str]
    tests: Mapping[str, CollectedTest]


def read_tests(text: str) -> Module | None:
    """Return the bindings and tests of a test module; `None` if Python cannot parse it."""
    tree = parse_source(text.removeprefix("\ufeff"))
    if tree is None:
        return None
    bound: dict[str, tuple[str, ...]] = {}
    loose: Counter[str] = Counter()
    others: set[str] = set()
    active: set[str] = set()
    for name, dump, node in _iterate_bindings(tree.body, ""):
        if not name:
            loose[dump] += 1
            continue
        imported = isinstance(node, ast.Import | ast.ImportFrom)
        if not (imported and dump in bound.get(name, ())):  # `import a.b` binds `a` once more
            bound[name] = (*bound.get(name, ()), dump)
        if not imported:
            others.add(name)
        if _RUNNERS_OWN.fullmatch(name.rpartition(".")[2]) or _is_autouse(node):
            active.add(name)
    references = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    references |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    tests = dict(_iterate_tests(tree.body, _collect_values(tree.body), "", 1))
    imports = frozenset(bound.keys() - others)
    return Module(bound, imports, loose, frozenset(references), frozenset(active), tests)


def _iterate_bindings(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, str, ast.stmt]]:
    """Yield (name, dump, statement); the name is empty for a statement that binds none."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            header = [*node.decorator_list, *node.bases, *node.keywords]
            yield prefix + node.name, "class " + " ".join(map(ast.dump, header)), node
            yield from _iterate_bindings(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, _FUNCTION):
            yield prefix + node.name, ast.dump(node), node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((prefix + name, dump, node) for name, dump in _iterate_imports(node))
        elif names := _list_assigned_names(node):
            yield from ((prefix + name, ast.dump(node), node) for name in names)
        elif not (isinstance(node, ast.Pass) or _is_text(node)):
            yield "", ast.unparse(node), node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _iterate_imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            source = f"from {'.' * node.level}{node.module or ''} import {alias.name}"
            yield ("" if alias.name == "*" else alias.asname or alias.name), source
        else:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, f"import {alias.name if alias.asname else top}"


def _list_assigned_names(node: ast.stmt) -> list[str]:
    """Return the names an assignment binds; empty if it also binds anything that is not a name."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    elif isinstance(node, ast.Delete):
        return []
    parts = [part for one in targets for part in getattr(one, "elts", [one])]
    return [p.id for p in parts if isinstance(p, ast.Name)] if _has_only_names(parts) else []


def _has_only_names(parts: Sequence[ast.expr]) -> bool:
    return all(isinstance(part, ast.Name) for part in parts)


def _get_called_name(node: ast.expr) -> str:
    """Return the last name of a decorator or a called function: `fixture` of `pytest.fixture()`."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_autouse(node: ast.stmt) -> bool:
    return any(
        keyword.arg in ("autouse", None) and getattr(keyword.value, "value", True) is not False
        for one in getattr(node, "decorator_list", ())
        if isinstance(one, ast.Call) and _get_called_name(one) == "fixture"
        for keyword in one.keywords
    )


def _collect_values(body: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """Return the values that plain assignments give to names; the last one wins."""
    found: dict[str, ast.expr] = {}
    for node in body:
        value = None if isinstance(node, ast.AugAssign) else getattr(node, "value", None)
        for name in _list_assigned_names(node):
            found[name] = value or ast.Constant(None)
    return found


def _iterate_tests(
    body: Sequence[ast.stmt], values: Mapping[str, ast.expr], prefix: str, times: int | None
) -> Iterator[tuple[str, CollectedTest]]:
    for name, node in _collect_final_definitions(body).items():
        cases = _multiply([times, *_iterate_case_counts(node, values)])
        if isinstance(node, ast.ClassDef):
            if _is_collected(node):
                yield from _iterate_tests(node.body, values, f"{prefix}{name}.", cases)
        elif name.startswith("test") and _is_test(node):
            yield prefix + name, CollectedTest(cases, _count_idle(node))


def _collect_final_definitions(body: Sequence[ast.stmt]) -> dict[str, ast.ClassDef | _FUNCTION]:
    """Return the functions and classes that names are finally bound to; empty if the code exits."""
    found: dict[str, ast.ClassDef | _FUNCTION] = {}
    for node in body:
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and _is_exit(node.value)):
            return {}
        if isinstance(node, ast.ClassDef | _FUNCTION):
            found[node.name] = node
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                found.pop(getattr(target, "id", ""), None)
        elif not _is_dead_code(node):
            for name in (name for name, _, _ in _iterate_bindings([node], "")):
                found.pop(name, None)
            for block in ("body", "orelse", "finalbody"):
                found |= _collect_final_definitions(getattr(node, block, []))
    return found


def _is_collected(node: ast.ClassDef) -> bool:
    made = {"__init__", "__new__"} & _collect_final_definitions(node.body).keys()
    return bool(node.bases) or (node.name.startswith("Test") and not made)


def _is_test(node: _FUNCTION) -> bool:
    marked = _NO_TEST & {_get_called_name(one) for one in node.decorator_list}
    return not marked and not any(
        isinstance(one, ast.Yield | ast.YieldFrom) for one in _walk_own(node)
    )


def _walk_own(function: _FUNCTION) -> Iterator[ast.AST]:
    """Yield the nodes of a function itself, without those of functions and classes within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, _FUNCTION | ast.ClassDef | ast.Lambda):
            yield node
            waiting += ast.iter_child_nodes(node)


def _count_idle(function: _FUNCTION) -> int:
    """Count the places where a test ends early or skips code."""
    raised = sum(isinstance(node, ast.Raise) for node in function.body[:-1])
    return raised + sum(
        isinstance(node, ast.Return) or _is_exit(node) or _is_dead_code(node)
        for node in _walk_own(function)
    )


def _is_exit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _get_called_name(node) in _EXITS


def _is_dead_code(node: ast.AST) -> bool:
    """Return whether a block obviously never runs: `while False`, `for _ in ()`."""
    iterable = getattr(node, "iter", None)
    if iterable is not None:
        return _measure_length(iterable, {}) == 0
    test = getattr(node, "test", None)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        operand = test.operand
        return bool(isinstance(operand, ast.Constant) and operand.value) or _is_debug(operand)
    return isinstance(test, ast.Constant) and not test.value and not isinstance(node, ast.Assert)


def _is_debug(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "__debug__"


def _iterate_case_counts(
    node: ast.ClassDef | _FUNCTION, values: Mapping[str, ast.expr]
) -> Iterator[int | None]:
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and _get_called_name(one) == "parametrize":
            named = [keyword.value for keyword in one.keywords if keyword.arg == "argvalues"]
            cases = [*one.args[1:2], *named]
            yield _measure_length(cases[0], values) if cases else None


def _multiply(lengths: Sequence[int | None]) -> int | None:
    known = [length for length in lengths if length is not None]
    return prod(known) if len(known) == len(lengths) or 0 in known else None


def _measure_length(node: ast.expr, values: Mapping[str, ast.expr]) -> int | None:
    """Return the number of elements of a literal, of a name for one, or of a slice of either."""
    if isinstance(node, ast.Name) and node.id in values:
        return _measure_length(values[node.id], {})
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        spread = any(isinstance(element, ast.Starred) for element in node.elts)
        return None if spread else len(node.elts)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        length = _measure_length(node.value, values)
        ends = [node.slice.lower, node.slice.upper, node.slice.step]
        return None if length is None else _slice_length(length, ends)
    return None


def _slice_length(length: int, ends: Sequence[ast.expr | None]) -> int | None:
    where = [None if end is None else _parse_number(end) for end in ends]
    if any(end is not None and number is None for end, number in zip(ends, where, strict=True)):
        return None
    return None if where[2] == 0 else len(range(length)[slice(*where)])


def _parse_number(node: ast.expr) -> int | None:
    try:
        found = evaluate_literal(ast.unparse(node))
    except (ValueError, TypeError):
        return None
    return found if isinstance(found, int) else None
