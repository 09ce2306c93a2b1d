"""Arguments of calls: one too many, one missing, or one that nearby calls have."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from theseus_repair.model import Candidate
from theseus_repair.operators._usage import list_used_functions
from theseus_repair.operators._view import View
from theseus_repair.operators.calls import add_argument
from theseus_repair.source import Source, get_called_name, list_parameters

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
                yield from _order_as_declared(node, view)
            yield from _propose_sibling_key(node, view)


def _drop_argument(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the call without its last argument, or without one that is named."""
    for keyword in node.keywords if len(node.keywords) <= MOST else ():
        if keyword.arg:
            yield _remove_argument(node, keyword, 0.2, view)
    if len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
        yield _remove_argument(node, node.args[-1], 0.2, view)


def _remove_argument(node: ast.Call, gone: ast.AST, weight: float, view: View) -> Candidate:
    remaining = [each for each in (*node.args, *node.keywords) if each is not gone]
    text = f"{view.get_code(node.func)}({', '.join(view.get_code(each) for each in remaining)})"
    return view.put(node, text, "arguments", weight, f"leave out `{view.brief(gone)}`")


def _propose_field(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the field of an argument that has the parameter's name: `f(order.total)`."""
    for name, value in zip(_list_positional_parameters(node, view), node.args, strict=False):
        code = view.get_code(value)
        if name in view.pools.fields and not code.endswith(f".{name}"):
            yield view.put(value, f"{code}.{name}", "attribute", 0.35)


def _propose_missing_parameter(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a local or a constant with the name of a parameter that gets no argument."""
    function = view.pools.functions[get_called_name(node)]
    named = {keyword.arg for keyword in node.keywords}
    positional = _list_positional_parameters(node, view)[: len(node.args)]
    known = [*view.list_names_before(node), *_list_module_constants(view.source)]
    for name in (arg.arg for arg in list_parameters(function)):
        if name not in (*named, *positional, "self", "cls") and name in known:
            yield add_argument(node, f"{name}={name}", 0.45, view)


def _order_as_declared(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield two arguments swapped that have the names of each other's parameters."""
    names = _list_positional_parameters(node, view)
    codes = [view.get_code(value).rpartition(".")[2] for value in node.args]
    pairs = [*zip(names, codes, strict=False)]
    for one, (name, code) in enumerate(pairs):
        for other in range(one + 1, len(pairs)):
            if name != code and (name, code) == pairs[other][::-1]:
                left, right = node.args[one], node.args[other]
                texts = view.get_code(left), view.get_code(right)
                edits = [view.source.replace(left, texts[1]), view.source.replace(right, texts[0])]
                why = f"swap `{texts[0]}` and `{texts[1]}`, as the parameters are named"
                yield view.make(edits, "arguments", 0.95, why, node)


def _is_plain(node: ast.Call, view: View) -> bool:
    """Return whether the called function is known, and no argument is unpacked."""
    unpacked = any(isinstance(argument, ast.Starred) for argument in node.args)
    unpacked = unpacked or any(keyword.arg is None for keyword in node.keywords)
    return get_called_name(node) in view.pools.functions and not unpacked


def _list_positional_parameters(node: ast.Call, view: View) -> list[str]:
    """Return the parameters that can be positional arguments of the call."""
    arguments = view.pools.functions[get_called_name(node)].args
    names = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)]
    bound = isinstance(node.func, ast.Attribute) and names[:1] in (["self"], ["cls"])
    return names[1:] if bound else names


def _propose_sibling_key(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the key by which other calls sort or compare, if the call has none."""
    wanted = KEY_ARGUMENTS.get(get_called_name(node), "")
    if wanted and wanted not in {keyword.arg for keyword in node.keywords}:
        for text in _list_keys(view.source, wanted)[:MOST]:
            yield add_argument(node, f"{wanted}={text}", 0.35, view)


@lru_cache(maxsize=64)
def _list_keys(source: Source, name: str) -> tuple[str, ...]:
    """Return the values that a file's calls pass for a keyword, and functions of one argument."""
    keys = {
        source.get_code(keyword.value): None
        for calls in source.calls.values()
        for call in calls
        for keyword in call.keywords
        if keyword.arg == name
    }
    own = {function: None for function in list_used_functions(source)}
    return tuple(keys | own)


@lru_cache(maxsize=64)
def _list_module_constants(source: Source) -> tuple[str, ...]:
    names = (
        statement.targets[0] for statement in source.tree.body if isinstance(statement, ast.Assign)
    )
    return tuple(name.id for name in names if isinstance(name, ast.Name))
