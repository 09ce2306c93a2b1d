"""Python source as a syntax tree: the one place in this process where source is parsed."""

import ast
from threading import Lock, get_ident
from types import CodeType
from typing import Literal, overload


class TurnLock:
    """A lock that threads get in the order in which they ask for it; its owner may enter again.

    A plain lock goes back to the thread that just released it, if that thread asks again at once.
    One that parses a whole repository would keep the event loop waiting until it is done.
    """

    def __init__(self) -> None:
        self._queue, self._lock = Lock(), Lock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        if self._owner != get_ident():  # no other thread can set or clear our own id
            with self._queue:  # held while waiting, so that a thread that was in has to wait here
                self._lock.acquire()
            self._owner = get_ident()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()


# Python 3.11 keeps the depth of the tree it builds in one variable for all threads. Two that build
# at once can find it changed: "AST constructor recursion depth mismatch", of source that is sound.
_BUILDING = TurnLock()


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
