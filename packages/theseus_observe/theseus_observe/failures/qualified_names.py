"""Qualified names of code: `Dice.roll`. Python 3.10 has them for functions, but not for code."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

from theseus_observe.failures.source import parse

_Functions = (ast.FunctionDef, ast.AsyncFunctionDef)


def get_qualified_name(code: CodeType) -> str:
    """Return the qualified name of a function's code."""
    found = getattr(code, "co_qualname", None)
    return found if found is not None else find_qualified_name(code)


def find_qualified_name(code: CodeType) -> str:
    """Return the name as the source shows it; without the source, the name alone."""
    names = _read_names(code.co_filename)
    return names.get((code.co_firstlineno, code.co_name), code.co_name)


@functools.lru_cache(maxsize=256)
def _read_names(file: str) -> dict[tuple[int, str], str]:
    try:
        tree = parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    return dict(_walk(tree, ""))


def _walk(node: ast.AST, prefix: str) -> Iterator[tuple[tuple[int, str], str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Functions):
            first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
            yield (first, child.name), prefix + child.name
            yield from _walk(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _walk(child, f"{prefix}{child.name}.")
        else:
            yield from _walk(child, prefix)
