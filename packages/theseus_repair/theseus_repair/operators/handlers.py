"""Exceptions named by an `except` that do not exist: forgotten imports, wrong spellings."""

import ast
import builtins
import difflib
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import collect_bound_names

# The exceptions that handlers name most, the most frequent first.
COMMON = (
    "ValueError", "KeyError", "TypeError", "AttributeError", "IndexError", "OSError",
    "ImportError", "AssertionError", "StopIteration", "RuntimeError", "LookupError", "Exception",
)  # fmt: skip
DEFINED = frozenset(dir(builtins))
NEAREST = 3


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield existing exceptions for an undefined one in a handler of this statement."""
    if view.crash.error != "NameError" or not isinstance(statement, ast.Try):
        return
    for handler in statement.handlers:
        for node in ast.walk(handler.type) if handler.type else ():
            if isinstance(node, ast.Name) and f"'{node.id}'" in view.crash.message:
                yield from _propose_existing(node, view)


def _propose_existing(node: ast.Name, view: View) -> Iterator[Candidate]:
    own = [
        name
        for name in (*view.pools.classes, *collect_bound_names(view.source.tree))
        if _is_one(name)
    ]
    near = difflib.get_close_matches(node.id, [*own, *DEFINED], NEAREST, 0.6)
    for place, name in enumerate(dict.fromkeys((*near, *COMMON))):
        yield view.put(node, name, "except", 0.9 - 0.03 * place)


def _is_one(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Exit", "Warning"))
