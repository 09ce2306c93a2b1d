"""Python source as a syntax tree."""

import ast
from typing import Literal, overload

_ATTEMPTS = 3


@overload
def parse(text: str) -> ast.Module: ...
@overload
def parse(text: str, mode: Literal["eval"]) -> ast.Expression: ...


def parse(text: str, mode: Literal["exec", "eval"] = "exec") -> ast.Module | ast.Expression:
    """Return the tree of a source.

    Raises `SyntaxError`, `ValueError`, `RecursionError` or `MemoryError`, as `ast.parse` does.
    """
    # Python 3.10 and 3.11 keep the depth of the tree in one variable for all threads: if two parse
    # at once, sound source can raise "AST constructor recursion depth mismatch".
    for _ in range(_ATTEMPTS - 1):
        try:
            return _build_tree(text, mode)
        except SystemError:
            continue
    return _build_tree(text, mode)


def _build_tree(text: str, mode: Literal["exec", "eval"]) -> ast.Module | ast.Expression:
    return ast.parse(text) if mode == "exec" else ast.parse(text, mode="eval")


def evaluate_literal(source: str) -> object:
    """Return the value of a literal.

    Raises `SyntaxError`, `ValueError`, `TypeError`, `RecursionError` or `MemoryError`.
    """
    return ast.literal_eval(parse(source.lstrip(" \t"), "eval"))
