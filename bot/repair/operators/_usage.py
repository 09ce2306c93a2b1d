"""What a file does with values: the methods and functions it makes something of them with."""

import ast
from functools import lru_cache

from bot.repair.source import FunctionNode, Source, list_parameters

CHANGES_ITSELF = {"pop", "popleft", "clear", "sort", "reverse", "popitem", "close", "commit"}
UNINFORMATIVE_CALLS = {"print", "isinstance", "super", "iter", "next", "range", "enumerate", "len",
                 "open"}  # fmt: skip


@lru_cache(maxsize=64)
def list_used_methods(source: Source) -> tuple[str, ...]:
    """Return the methods that a file calls with nothing, and uses the answers of."""
    return tuple(
        name
        for name, calls in source.calls.items()
        if name not in CHANGES_ITSELF
        and any(
            isinstance(each.func, ast.Attribute)
            and not each.args
            and not each.keywords
            and source.get_code(each.func.value) != "self"
            and not isinstance(source.parents.get(each), ast.Expr)
            for each in calls
        )
    )


@lru_cache(maxsize=64)
def list_used_functions(source: Source) -> tuple[str, ...]:
    """Return the functions that a file calls with one thing alone, and its own of one parameter."""
    own = [each.name for each in source.tree.body
           if isinstance(each, FunctionNode) and len(list_parameters(each)) == 1]  # fmt: skip
    used = [
        source.get_code(each.func)
        for calls in source.calls.values()
        for each in calls
        if len(each.args) == 1
        and not each.keywords
        and (isinstance(each.func, ast.Name) or _is_module_function(each.func, source))
    ]
    return tuple(name for name in dict.fromkeys((*own, *used)) if name not in UNINFORMATIVE_CALLS)


def _is_module_function(function: ast.expr, source: Source) -> bool:
    """Tell whether what is called stands in a module: `copy.deepcopy`."""
    return (
        isinstance(function, ast.Attribute)
        and source.get_code(function.value) in source.imported_modules
    )
