"""Where Python begins each statement, and where it is seen to begin."""

import ast
import warnings
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from bot.guards._tokens import OLDEST
from bot.infra.syntax import parse

_QUOTES = ("'", '"')


class Oddity(NamedTuple):
    """A line (counted from 1) that runs otherwise than it reads, and why, for people."""

    line: int
    why: str


def parse_source(text: str) -> ast.Module | None:
    """Return the oldest Python's reading of a text; `None` where it cannot read it."""
    with warnings.catch_warnings():  # of escapes that mean nothing: its author's business
        warnings.simplefilter("ignore")
        try:
            return parse(text, version=OLDEST)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class _Place(NamedTuple):
    """A block, how deep what it belongs to is indented, and whether it has to be deeper."""

    block: Sequence[ast.stmt]
    around: str
    deeper: bool


def find_misplaced(
    tree: ast.Module, lines: Sequence[str], end_lines: Container[int]
) -> Iterator[Oddity]:
    """Yield statements that are not where they are seen; `ended` are lines that end one."""
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
    """Return what stands before a node on its line; Python counts columns in bytes."""
    line = lines[node.lineno - 1]
    return line.encode(errors="replace")[: node.col_offset].decode(errors="replace")


def _is_tail(before: str, place: _Place) -> bool:
    """Whether the one statement of a block stands behind its colon: `if it: return`."""
    return place.deeper and len(place.block) == 1 and before.rstrip(" ").endswith(":")


def _check_statement(
    statement: ast.stmt, lines: Sequence[str], end_lines: Container[int], before: str
) -> Iterator[Oddity]:
    if statement.lineno > 1 and statement.lineno - 1 not in end_lines:
        yield Oddity(statement.lineno, "a statement begins where the line before goes on")
    if isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant):
        line = lines[statement.lineno - 1]
        if line[len(before) :].lstrip("rRbBfFuUtT").startswith(_QUOTES):
            yield Oddity(statement.lineno, "looks like a text that says something, and runs")
    for decorator in getattr(statement, "decorator_list", ()):
        if _get_prefix(decorator, lines).rstrip(" (") != before + "@":
            yield Oddity(decorator.lineno, "a decorator is not indented as what it decorates")


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
