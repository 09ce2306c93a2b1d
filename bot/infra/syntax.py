"""Python source as a syntax tree: the one place in this process where source is parsed."""

import ast
from threading import RLock
from types import CodeType
from typing import Literal, overload

# Python 3.11 keeps the depth of the tree it builds in one variable for all threads. Two that build
# at once can find it changed: "AST constructor recursion depth mismatch", of source that is sound.
_BUILDING = RLock()


@overload
def parse(text: str, *, version: tuple[int, int] | None = None) -> ast.Module: ...
@overload
def parse(
    text: str, mode: Literal["eval"], *, version: tuple[int, int] | None = None
) -> ast.Expression: ...


def parse(
    text: str,
    mode: Literal["exec", "eval"] = "exec",
    *,
    version: tuple[int, int] | None = None,
) -> ast.Module | ast.Expression:
    """Return the tree of a source, one thread at a time; by the grammar of an older `version`.

    Raises `SyntaxError`, `ValueError`, `RecursionError` or `MemoryError`, as `ast.parse` does.
    """
    with _BUILDING:
        try:
            return _build_tree(text, mode, version)
        except SystemError:  # another library was parsing too, which does not use this lock
            return _build_tree(text, mode, version)


def compile_tree(tree: ast.Module, file: str) -> CodeType:
    """Return the code that Python runs for a module's tree, one thread at a time."""
    with _BUILDING:
        return compile(tree, file, "exec")


def evaluate_literal(source: str) -> object:
    """Return the value of a literal.

    Raises `SyntaxError`, `ValueError`, `TypeError`, `RecursionError` or `MemoryError`.
    """
    return ast.literal_eval(parse(source.lstrip(" \t"), "eval"))


def _build_tree(
    text: str, mode: Literal["exec", "eval"], version: tuple[int, int] | None
) -> ast.Module | ast.Expression:
    if mode == "exec":
        return ast.parse(text, feature_version=version)
    return ast.parse(text, mode="eval", feature_version=version)
