"""Wrong dictionary keys, and lookups of keys that may be missing."""

import ast
import difflib
from collections.abc import Iterator
from functools import lru_cache

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.operators.calls import add_argument
from theseus_repair.source import Source

DEFAULTS = (("0", 0.4), ("None", 0.35), ('""', 0.35), ("[]", 0.35), ("{}", 0.3))


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other keys and lookups with defaults for one statement."""
    missing = view.crash.error == "KeyError"
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Subscript):
            constant = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
            if constant:
                yield from _propose_other_keys(node.slice, view)
            if isinstance(node.ctx, ast.Load) and missing and view.is_at_crash(node):
                yield from _soften(node, view, 0.55 if constant else 1.0)
            if isinstance(node.ctx, ast.Del) and isinstance(statement, ast.Delete):
                yield from _propose_safe_removal(node, statement, view)
        elif isinstance(node, ast.Call) and _is_lookup(node):
            yield from _propose_other_keys(node.args[0], view)
            if missing and _name(node) == "pop" and len(node.args) == 1 and view.is_at_crash(node):
                yield add_argument(node, "None", 0.9, view)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            yield from _propose_other_keys(node.left, view)


def _is_lookup(node: ast.Call) -> bool:
    return _name(node) in {"get", "pop", "setdefault", "getattr"} and bool(node.args)


def _name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _propose_safe_removal(
    node: ast.Subscript, statement: ast.Delete, view: View
) -> Iterator[Candidate]:
    """Yield the removal of a possibly missing key: `votes.pop(key, None)` for `del votes[key]`."""
    missing = view.crash.error == "KeyError" and view.is_at_crash(node)
    if missing and len(statement.targets) == 1 and not isinstance(node.slice, ast.Slice):
        text = f"{view.get_code(node.value)}.pop({view.get_code(node.slice)}, None)"
        yield view.put(statement, text, "lookup", 0.9)


def _propose_other_keys(key: ast.expr, view: View) -> Iterator[Candidate]:
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return
    code = view.get_code(key)
    quote = code[0] if code[:1] in {'"', "'"} else ""
    if not quote:
        return
    failed = repr(key.value) == view.crash.message
    existing = list(view.crash.get_hint("keys")) if failed else []
    pool = _list_keys(view.source)
    for other in dict.fromkeys([*existing, *pool]):
        if other == key.value or quote in other or "\\" in other:
            continue
        likeness = difflib.SequenceMatcher(None, key.value, other).ratio()
        weight = 0.2 + 0.35 * likeness + (0.4 if other in existing else 0.0)
        if likeness > 0.3 or other in existing:
            yield view.put(key, f"{quote}{other}{quote}", "key", weight)


@lru_cache(maxsize=16)
def _list_keys(source: Source) -> list[str]:
    """Return the strings used as keys in this file."""
    found: dict[str, None] = {}
    for node in source.nodes:
        if isinstance(node, ast.Dict):
            candidates = [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Subscript):
            candidates = [node.slice]
        elif isinstance(node, ast.Call) and _is_lookup(node):
            candidates = [node.args[0]]
        else:
            continue
        for key in candidates:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                found[key.value] = None
    return list(found)


def _soften(node: ast.Subscript, view: View, scale: float) -> Iterator[Candidate]:
    """Yield `.get` instead of `[]`, with defaults that suit the use of the value."""
    head, key = view.get_code(node.value), view.get_code(node.slice)
    parent = view.source.parents.get(node)
    if isinstance(node.slice, (ast.Tuple, ast.Slice)):
        return
    used = isinstance(parent, (ast.BinOp, ast.AugAssign, ast.Compare))
    if not isinstance(parent, ast.Attribute | ast.Subscript):
        weight = (0.35 if used else 0.6) * scale
        yield view.put(node, f"{head}.get({key})", "lookup", weight)
    for default, weight in DEFAULTS:
        bonus = 1.25 if used and default == "0" else 1.0
        yield view.put(node, f"{head}.get({key}, {default})", "lookup", weight * bonus * scale)
