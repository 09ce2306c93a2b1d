"""What a call is given: an argument too many, one too few, and one that calls beside it have."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from bot.repair.model import Candidate
from bot.repair.operators._usage import list_used_functions
from bot.repair.operators._view import View
from bot.repair.operators.calls import add_argument
from bot.repair.source import Source, get_called_name, list_parameters

KEY_ARGUMENTS = {"sorted": "key", "sort": "key", "max": "key", "min": "key", "groupby": "key"}
MOST = 4


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the calls of one statement with other arguments."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call):
            yield from _drop_argument(node, view)
            if _is_plain(node, view):
                yield from _propose_field(node, view)
                yield from _propose_missing_parameter(node, view)
            yield from _propose_sibling_key(node, view)


def _drop_argument(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the call without its last argument, or without one that is named."""
    for keyword in node.keywords if len(node.keywords) <= MOST else ():
        if keyword.arg:
            yield _remove_argument(node, keyword, 0.2, view)
    if len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
        yield _remove_argument(node, node.args[-1], 0.2, view)


def _remove_argument(node: ast.Call, gone: ast.AST, weight: float, view: View) -> Candidate:
    given = [each for each in (*node.args, *node.keywords) if each is not gone]
    text = f"{view.get_code(node.func)}({', '.join(view.get_code(each) for each in given)})"
    return view.put(node, text, "arguments", weight, f"leave out `{view.brief(gone)}`")


def _propose_field(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the field of what is given that is named as the parameter: `f(order.total)`."""
    for name, value in zip(_list_positional_parameters(node, view), node.args, strict=False):
        code = view.get_code(value)
        if name in view.pools.fields and not code.endswith(f".{name}"):
            yield view.put(value, f"{code}.{name}", "attribute", 0.35)


def _propose_missing_parameter(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a local or a constant for a parameter of that name that is given nothing."""
    function = view.pools.functions[get_called_name(node)]
    given = {keyword.arg for keyword in node.keywords}
    placed = _list_positional_parameters(node, view)[: len(node.args)]
    known = [*view.list_names_before(node), *_list_module_constants(view.source)]
    for name in (arg.arg for arg in list_parameters(function)):
        if name not in (*given, *placed, "self", "cls") and name in known:
            yield add_argument(node, f"{name}={name}", 0.45, view)


def _is_plain(node: ast.Call, view: View) -> bool:
    """Whether it is known what is called, and no argument stands for several."""
    several = any(isinstance(each, ast.Starred) for each in node.args)
    several = several or any(keyword.arg is None for keyword in node.keywords)
    return get_called_name(node) in view.pools.functions and not several


def _list_positional_parameters(node: ast.Call, view: View) -> list[str]:
    """Return the parameters that arguments are given to by their place."""
    arguments = view.pools.functions[get_called_name(node)].args
    names = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)]
    bound = isinstance(node.func, ast.Attribute) and names[:1] in (["self"], ["cls"])
    return names[1:] if bound else names


def _propose_sibling_key(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the key that calls beside it sort or compare by, where it has none."""
    wanted = KEY_ARGUMENTS.get(get_called_name(node), "")
    if wanted and wanted not in {keyword.arg for keyword in node.keywords}:
        for text in _list_keys(view.source, wanted)[:MOST]:
            yield add_argument(node, f"{wanted}={text}", 0.35, view)


@lru_cache(maxsize=64)
def _list_keys(source: Source, name: str) -> tuple[str, ...]:
    """Return what calls of a file give for a keyword, and what makes something of one value."""
    given = {
        source.get_code(each.value): None
        for calls in source.calls.values()
        for call in calls
        for each in call.keywords
        if each.arg == name
    }
    own = {each: None for each in list_used_functions(source)}
    return tuple(given | own)


@lru_cache(maxsize=64)
def _list_module_constants(source: Source) -> tuple[str, ...]:
    names = (each.targets[0] for each in source.tree.body if isinstance(each, ast.Assign))
    return tuple(each.id for each in names if isinstance(each, ast.Name))
