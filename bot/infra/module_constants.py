"""Finds the module constants that a line of source reads: a fault is often in them."""

import ast
from typing import NamedTuple

from theseus_guard.syntax import parse


class Constant(NamedTuple):
    """A name assigned at the top of a module, and the lines of its assignment."""

    name: str
    first_line: int
    last_line: int


def find_constants(source: str, line: int) -> tuple[Constant, ...]:
    """Return the module's constants that are read at `line`; none if it is not Python."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError):
        return ()
    read = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.lineno == line
    }
    return tuple(
        Constant(target.id, node.lineno, node.end_lineno or node.lineno)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id in read
    )
