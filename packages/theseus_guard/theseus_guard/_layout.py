"""Compares where Python begins each statement with where a reader sees it begin."""

import ast
import warnings
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from theseus_guard._tokens import OLDEST
from theseus_guard.syntax import parse

_QUOTES = ("'", '"')


class Oddity(NamedTuple):
    """A line (counted from 1) that runs differently than it reads, with the reason for people."""

    line: int
    why: str


def parse_source(text: str) -> ast.Module | None:
    """Return the tree of a text by the oldest supported grammar; `None` if it cannot be parsed."""
    with warnings.catch_warnings():  # invalid escapes are the author's business
        warnings.simplefilter("ignore")
        try:
            return parse(text, version=OLDEST)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class _Place(NamedTuple):
    """A block, the indentation of its parent, and whether the block has to be indented deeper."""

    block: Sequence[ast.stmt]
    around: str
    deeper: bool


def find_misplaced(
    tree: ast.Module, lines: Sequence[str], end_lines: Container[int]
) -> Iterator[Oddity]:
    """Yield statements that run elsewhere than they are seen; `end_lines` end a statement."""
    places = [_Place(tree.body, "", deeper=False)]
    while places:
        place = places.pop()
        indent = place.around if not place.deeper else None
        for statement in place.block:
            before = _get_prefix(statement, lines)
            if before.strip(" \t"):
                if not _is_tail(before, place):
                    yield Oddity(statement.lineno, "a statement begins in the middle of a line")
                continue
            if indent is None:
                indent = before
                if not before.startswith(place.around) or before == place.around:
                    yield Oddity(statement.lineno, "a block is not indented as it runs")
            elif before != indent:
                yield Oddity(statement.lineno, "a statement is not indented as it runs")
            yield from _check_statement(statement, lines, end_lines, before)
            places += _iterate_blocks(statement, before, lines)


def _get_prefix(node: ast.stmt | ast.expr | ast.excepthandler, lines: Sequence[str]) -> str:
    """Return the text before a node on its line; Python counts columns in bytes."""
    line = lines[node.lineno - 1]
    return line.encode(errors="replace")[: node.col_offset].decode(errors="replace")


def _is_tail(before: str, place: _Place) -> bool:
    """Return whether the only statement of a block follows its colon: `if ready: return`."""
    return place.deeper and len(place.block) == 1 and before.rstrip(" ").endswith(":")


def _check_statement(
    statement: ast.stmt, lines: Sequence[str], end_lines: Container[int], before: str
) -> Iterator[Oddity]:
    if statement.lineno > 1 and statement.lineno - 1 not in end_lines:
        yield Oddity(
            statement.lineno, "a statement begins on a line that continues the previous one"
        )
    if isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant):
        line = lines[statement.lineno - 1]
        if line[len(before) :].lstrip("rRbBfFuUtT").startswith(_QUOTES):
            yield Oddity(statement.lineno, "looks like a docstring, but runs")
    for decorator in getattr(statement, "decorator_list", ()):
        if _get_prefix(decorator, lines).rstrip(" (") != before + "@":
            yield Oddity(decorator.lineno, "a decorator is not indented like its function or class")


def _iterate_blocks(statement: ast.stmt, indent: str, lines: Sequence[str]) -> Iterator[_Place]:
    """Yield the blocks of a statement."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if block:
            yield _Place(block, indent, deeper=not _is_elif(name, statement, block, lines))
    for handler in getattr(statement, "handlers", ()):
        yield _Place(handler.body, indent, deeper=True)
    for case in getattr(statement, "cases", ()):
        line = lines[case.pattern.lineno - 1]
        case_indent = line[: len(line) - len(line.lstrip(" \t"))]
        within = case_indent.startswith(indent) and line.lstrip(" \t").startswith("case")
        yield _Place(case.body, case_indent if within else indent, deeper=True)


def _is_elif(
    name: str, statement: ast.stmt, block: Sequence[ast.stmt], lines: Sequence[str]
) -> bool:
    if name != "orelse" or not isinstance(statement, ast.If) or len(block) != 1:
        return False
    only = block[0]
    line = lines[only.lineno - 1].encode(errors="replace")
    return isinstance(only, ast.If) and line[only.col_offset :].startswith(b"elif")
