"""Lines of a function that only its exception handlers run, read from its source."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType

from theseus_guard.syntax import compile_tree, parse
from theseus_observe.failures.safe_access import attempt


@lru_cache(maxsize=1_024)
def find_handler_lines(code: CodeType) -> frozenset[int]:
    """Return the numbers of these lines; none where the file is no longer what runs."""
    nothing: frozenset[int] = frozenset()
    return attempt(lambda: _read_handlers(code), nothing)


def _read_handlers(code: CodeType) -> frozenset[int]:
    tree = parse(Path(code.co_filename).read_text(encoding="utf-8"))
    compiled = compile_tree(tree, code.co_filename)
    if not any(_is_same(each, code) for each in _walk(compiled)):
        return frozenset()
    handlers = (each for each in ast.walk(tree) if isinstance(each, ast.ExceptHandler))
    return frozenset(
        line for each in handlers for line in range(each.lineno, (each.end_lineno or 0) + 1)
    )


def _is_same(one: CodeType, other: CodeType) -> bool:
    def describe(code: CodeType) -> tuple[str, int, bytes]:
        return code.co_qualname, code.co_firstlineno, code.co_code

    return describe(one) == describe(other)


def _walk(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _walk(each)
