"""Finds the statements of a change, and those that never ran. Pure functions."""

import ast
from collections.abc import Collection, Iterator
from typing import NamedTuple

from theseus_guard import is_test_file
from theseus_guard.syntax import parse as parse_python
from theseus_guard.unified_diff import parse as parse_diff

_NO_CODE = (ast.Global, ast.Nonlocal)


class Statement(NamedTuple):
    """A statement, by its own lines: those of the statements in it do not count."""

    first: int
    lines: frozenset[int]


def list_added_lines(diff: str) -> dict[str, frozenset[int]]:
    """Return the new lines of each changed program file, tests excluded."""
    found: dict[str, frozenset[int]] = {}
    for patch in parse_diff(diff):
        if patch.path.endswith(".py") and not is_test_file(patch.path):
            lines = {
                line.new for hunk in patch.hunks for line in hunk.numbered_lines if line.sign == "+"
            }
            if lines:
                found[patch.path] = frozenset(lines)
    return found


def list_changed_statements(source: str, added: Collection[int]) -> tuple[Statement, ...]:
    """Return the statements with a new line that Python runs; none if it is not Python."""
    try:
        tree = parse_python(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    wanted = frozenset(added)
    return tuple(each for each in _iterate_statements(tree) if each.lines & wanted)


def _iterate_statements(node: ast.AST) -> Iterator[Statement]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            if _has_code(child):
                yield Statement(child.lineno, frozenset(_iterate_own_lines(child)))
            if isinstance(child, ast.If) and _is_for_types(child.test):
                for other in child.orelse:
                    yield from _iterate_statements(ast.Module([other], []))
                continue
        yield from _iterate_statements(child)


def _has_code(node: ast.stmt) -> bool:
    """Return whether Python runs anything for a statement itself."""
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_declaration = isinstance(node, ast.AnnAssign) and node.value is None
    return not (is_constant or is_declaration or isinstance(node, _NO_CODE))


def _iterate_own_lines(node: ast.stmt) -> Iterator[int]:
    """Yield the lines of a statement up to the first statement in it."""
    inner = [
        each.lineno
        for each in ast.walk(node)
        if each is not node and isinstance(each, ast.stmt | ast.ExceptHandler | ast.match_case)
        if hasattr(each, "lineno")
    ]
    end = min(inner) - 1 if inner else node.end_lineno or node.lineno
    decorators = [each.lineno for each in getattr(node, "decorator_list", ())]
    yield from range(min([node.lineno, *decorators]), max(end, node.lineno) + 1)


def _is_for_types(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def format_lines(file: str, lines: Collection[int]) -> tuple[str, ...]:
    """Return places such as `cogs/dice.py:12` or `cogs/dice.py:12-14`."""
    places: list[list[int]] = []
    for line in sorted(lines):
        if places and line == places[-1][1] + 1:
            places[-1][1] = line
        else:
            places.append([line, line])
    return tuple(
        f"{file}:{first}" if first == last else f"{file}:{first}-{last}" for first, last in places
    )
