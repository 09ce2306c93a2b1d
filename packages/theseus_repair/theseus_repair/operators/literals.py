"""Literal lists, tuples, sets and dictionaries: an element missing, superfluous, or swapped."""

import ast
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, list_parameters

Written = ast.List | ast.Tuple | ast.Set
ANSWERS = (ast.Return, ast.Assign, ast.Yield)
NAMES = 4
FIELDS = 8


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other elements for the literals of one statement."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, Written):
            if not node.elts:
                yield from _fill_list(node, statement, view)
            else:
                yield from _swap_elements(node, view)
                yield from _drop_element(node, view)
                yield from _propose_conversion(node, view)
                yield from _extend_key(node, view)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield from _propose_pairs(node, view)
        elif isinstance(node, ast.Lambda):
            yield from _extend_sort_key(node, view)
        elif isinstance(node, ast.Dict):
            yield from _edit_entries(node, view)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            yield from _propose_format_tuple(node, view)
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        yield from _propose_iterables(statement, view)


def _propose_format_tuple(node: ast.BinOp, view: View) -> Iterator[Candidate]:
    """Yield `text % (value,)`, because a value that is a tuple is unpacked as all values."""
    text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
    if text and isinstance(node.right, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
        is_suggested = view.has_crash_text(
            "arguments for format string", "arguments converted during"
        )
        yield view.put(
            node.right, f"({view.get_code(node.right)},)", "literal", 0.9 if is_suggested else 0.12
        )


def _propose_iterables(statement: ast.For | ast.AsyncFor, view: View) -> Iterator[Candidate]:
    """Yield names to iterate over instead of an empty literal list."""
    if isinstance(statement.iter, (ast.List, ast.Tuple)) and not statement.iter.elts:
        for name in view.list_names_before(statement)[:NAMES]:
            yield view.put(statement.iter, name, "name", 0.45)


def _propose_pairs(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield two names for one that is a key: `votes[day]` to `votes[day, zone]`."""
    parent = view.source.parents.get(node)
    key = isinstance(parent, ast.Subscript) and parent.slice is node
    if key or (isinstance(parent, ast.Assign) and parent.value is node):
        for name in [name for name in view.list_names_before(node) if name != node.id][:NAMES]:
            yield view.put(node, f"({node.id}, {name})", "literal", 0.12)


def _extend_key(node: Written, view: View) -> Iterator[Candidate]:
    """Yield a key with another parameter of the function: `votes[day, zone]`."""
    function = view.source.find_function(node)
    if isinstance(node, ast.Tuple) and function is not None and _is_key(node, function, view):
        used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        code = view.get_code(node).removeprefix("(").removesuffix(")").rstrip(", ")
        for arg in [arg.arg for arg in list_parameters(function) if arg.arg not in {*used, "self"}]:
            yield view.put(node, f"({code}, {arg})", "literal", 0.6)


def _is_key(node: ast.Tuple, function: FunctionNode, view: View) -> bool:
    """Return whether a tuple, or the name it is assigned to, is used as a key."""
    parent = view.source.parents.get(node)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        return any(getattr(_get_lookup_key(part), "id", "") == name for part in ast.walk(function))
    return parent is not None and _get_lookup_key(parent) is node


def _get_lookup_key(node: ast.AST) -> ast.AST | None:
    """Return the key of a lookup: `k` of `d[k]` and of `k in d`."""
    if isinstance(node, ast.Subscript):
        return node.slice
    membership = isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn))
    return node.left if isinstance(node, ast.Compare) and membership else None


def _extend_sort_key(node: ast.Lambda, view: View) -> Iterator[Candidate]:
    """Yield a sort key with another field of the element: `key=lambda e: (e.due, e.name)`."""
    parent = view.source.parents.get(node)
    if not isinstance(parent, ast.keyword) or parent.arg != "key" or len(node.args.args) != 1:
        return
    own = node.args.args[0].arg
    parts = node.body.elts if isinstance(node.body, ast.Tuple) else [node.body]
    used = {each.attr: None for part in parts for each in ast.walk(part)
            if isinstance(each, ast.Attribute)}  # fmt: skip
    siblings = [name for each in used for name in view.pools.fields.get(each, ())]
    for name in [name for name in dict.fromkeys(siblings) if name not in used][:FIELDS]:
        text = ", ".join([*map(view.get_code, parts), f"{own}.{name}"])
        yield view.put(node.body, f"({text})", "literal", 0.2)


def _fill_list(node: Written, statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield a list with one element where an empty list is returned: `[[]]`, `[name]`."""
    if not isinstance(node, ast.List) or not isinstance(view.source.parents.get(node), ANSWERS):
        return
    answered = isinstance(statement, ast.Return)
    yield view.put(node, "[[]]", "literal", 0.3 if answered else 0.12)
    for name in view.list_names_before(node)[:NAMES]:
        yield view.put(node, f"[{name}]", "literal", 0.3 if answered else 0.15)
    yield view.put(node, "[0]", "literal", 0.12)


def _swap_elements(node: Written, view: View) -> Iterator[Candidate]:
    """Yield neighbours swapped, where the position of an element has a meaning."""
    if isinstance(node, ast.Set) or len(node.elts) > 4:
        return
    index = isinstance(view.source.parents.get(node), ast.Subscript)
    for left, right in zip(node.elts, node.elts[1:], strict=False):
        one, other = view.get_code(left), view.get_code(right)
        if one == other or isinstance(left, ast.Starred) or isinstance(right, ast.Starred):
            continue
        edits = [view.source.replace(left, other), view.source.replace(right, one)]
        weight = 0.55 if index else 0.4 if isinstance(node, ast.Tuple) else 0.2
        yield view.make(edits, "literal", weight, f"swap `{one}` and `{other}`", node)


def _drop_element(node: Written, view: View) -> Iterator[Candidate]:
    if not isinstance(node.ctx if not isinstance(node, ast.Set) else ast.Load(), ast.Load):
        return
    if not 2 <= len(node.elts) <= 6 or isinstance(view.source.parents.get(node), ast.Subscript):
        return
    brackets = {ast.List: "[]", ast.Set: "{}", ast.Tuple: "()"}[type(node)]
    for dropped in node.elts:
        rest = [view.get_code(element) for element in node.elts if element is not dropped]
        comma = "," if isinstance(node, ast.Tuple) and len(rest) == 1 else ""
        text = f"{brackets[0]}{', '.join(rest)}{comma}{brackets[1]}"
        yield view.put(node, text, "literal", 0.12, f"leave out `{view.get_code(dropped)[:40]}`")


def _propose_conversion(node: Written, view: View) -> Iterator[Candidate]:
    """Yield a conversion for a literal with the only element `x`: `list(x)` for `[x]`."""
    only = node.elts[0]
    plain = isinstance(only, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    if len(node.elts) == 1 and plain and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        kind = type(node).__name__.lower()
        yield view.put(node, f"{kind}({view.get_code(only)})", "literal", 0.2)


def _edit_entries(node: ast.Dict, view: View) -> Iterator[Candidate]:
    """Yield the values of two neighbouring keys swapped."""
    if len(node.values) > 6:
        return
    for left, right in zip(node.values, node.values[1:], strict=False):
        one, other = view.get_code(left), view.get_code(right)
        if one != other and "\n" not in one + other:
            edits = [view.source.replace(left, other), view.source.replace(right, one)]
            yield view.make(edits, "literal", 0.25, f"swap `{one}` and `{other}`", node)
