"""What a call is given: an argument too many, one too few, and one that calls beside it have."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from bot.repair.model import Candidate
from bot.repair.operators._used import functions_used
from bot.repair.operators._view import View
from bot.repair.operators.calls import with_argument
from bot.repair.source import Source, called, parameters

ALIKE = {"sorted": "key", "sort": "key", "max": "key", "min": "key", "groupby": "key"}
MOST = 4


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the calls of one statement with other arguments."""
    for node in view.nodes(statement):
        if isinstance(node, ast.Call):
            yield from _fewer(node, view)
            if _is_plain(node, view):
                yield from _named_for(node, view)
                yield from _handed_on(node, view)
            yield from _as_beside(node, view)


def _fewer(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the call without its last argument, or without one that is named."""
    for keyword in node.keywords if len(node.keywords) <= MOST else ():
        if keyword.arg:
            yield _without(node, keyword, 0.2, view)
    if len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
        yield _without(node, node.args[-1], 0.2, view)


def _without(node: ast.Call, gone: ast.AST, weight: float, view: View) -> Candidate:
    given = [each for each in (*node.args, *node.keywords) if each is not gone]
    text = f"{view.code(node.func)}({', '.join(view.code(each) for each in given)})"
    return view.put(node, text, "arguments", weight, f"leave out `{view.brief(gone)}`")


def _named_for(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the field of what is given that is named as the parameter: `f(order.total)`."""
    for name, value in zip(_by_place(node, view), node.args, strict=False):
        code = view.code(value)
        if name in view.pools.fields and not code.endswith(f".{name}"):
            yield view.put(value, f"{code}.{name}", "attribute", 0.35)


def _handed_on(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a local or a constant for a parameter of that name that is given nothing."""
    function = view.pools.functions[called(node)]
    given = {keyword.arg for keyword in node.keywords}
    placed = _by_place(node, view)[: len(node.args)]
    known = [*view.names_before(node), *_module_constants(view.source)]
    for name in (arg.arg for arg in parameters(function)):
        if name not in (*given, *placed, "self", "cls") and name in known:
            yield with_argument(node, f"{name}={name}", 0.45, view)


def _is_plain(node: ast.Call, view: View) -> bool:
    """Whether it is known what is called, and no argument stands for several."""
    several = any(isinstance(each, ast.Starred) for each in node.args)
    several = several or any(keyword.arg is None for keyword in node.keywords)
    return called(node) in view.pools.functions and not several


def _by_place(node: ast.Call, view: View) -> list[str]:
    """Return the parameters that arguments are given to by their place."""
    arguments = view.pools.functions[called(node)].args
    names = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)]
    bound = isinstance(node.func, ast.Attribute) and names[:1] in (["self"], ["cls"])
    return names[1:] if bound else names


def _as_beside(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the key that calls beside it sort or compare by, where it has none."""
    wanted = ALIKE.get(called(node), "")
    if wanted and wanted not in {keyword.arg for keyword in node.keywords}:
        for text in _keys(view.source, wanted)[:MOST]:
            yield with_argument(node, f"{wanted}={text}", 0.35, view)


@lru_cache(maxsize=64)
def _keys(source: Source, name: str) -> tuple[str, ...]:
    """Return what calls of a file give for a keyword, and what makes something of one value."""
    given = {
        source.code(each.value): None
        for calls in source.calls.values()
        for call in calls
        for each in call.keywords
        if each.arg == name
    }
    own = {each: None for each in functions_used(source)}
    return tuple(given | own)


@lru_cache(maxsize=64)
def _module_constants(source: Source) -> tuple[str, ...]:
    names = (each.targets[0] for each in source.tree.body if isinstance(each, ast.Assign))
    return tuple(each.id for each in names if isinstance(each, ast.Name))
