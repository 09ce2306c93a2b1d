"""Finds the methods and functions by which a file converts values."""

import ast
from functools import lru_cache

from theseus_repair.source import FunctionNode, Source, list_parameters

CHANGES_ITSELF = {"pop", "popleft", "clear", "sort", "reverse", "popitem", "close", "commit"}
UNINFORMATIVE_CALLS = {"print", "isinstance", "super", "iter", "next", "range", "enumerate", "len",
                 "open"}  # fmt: skip


@lru_cache(maxsize=64)
def list_used_methods(source: Source) -> tuple[str, ...]:
    """Return the methods that a file calls without arguments and whose answers it uses."""
    return tuple(
        name
        for name, calls in source.calls.items()
        if name not in CHANGES_ITSELF
        and any(
            isinstance(call.func, ast.Attribute)
            and not call.args
            and not call.keywords
            and source.get_code(call.func.value) != "self"
            and not isinstance(source.parents.get(call), ast.Expr)
            for call in calls
        )
    )


@lru_cache(maxsize=64)
def list_used_functions(source: Source) -> tuple[str, ...]:
    """Return the functions that a file calls with one argument, and its own with one parameter."""
    own = [node.name for node in source.tree.body
           if isinstance(node, FunctionNode) and len(list_parameters(node)) == 1]  # fmt: skip
    used = [
        source.get_code(call.func)
        for calls in source.calls.values()
        for call in calls
        if len(call.args) == 1
        and not call.keywords
        and (isinstance(call.func, ast.Name) or _is_module_function(call.func, source))
    ]
    return tuple(name for name in dict.fromkeys((*own, *used)) if name not in UNINFORMATIVE_CALLS)


def _is_module_function(function: ast.expr, source: Source) -> bool:
    """Return whether a function is an attribute of a module: `copy.deepcopy`."""
    return (
        isinstance(function, ast.Attribute)
        and source.get_code(function.value) in source.imported_modules
    )
