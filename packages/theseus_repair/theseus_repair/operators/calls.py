"""Wrong calls: arguments swapped, missing or misnamed, another function of the same family."""

import ast
import difflib
import re
from collections.abc import Iterator
from itertools import combinations

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import list_parameters

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("min", "max"), ("any", "all"), ("int", "float", "round"), ("str", "repr"),
    ("list", "set", "tuple", "sorted"), ("isinstance", "issubclass"),
)  # fmt: skip
MISSING = re.compile(r"missing \d+ required (?:positional|keyword-only) arguments?: '(\w+)'")
UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other calls for one statement."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call):
            yield from _swap_arguments(node, view)
            yield from _propose_relatives(node, view)
            yield from _propose_arguments(node, view)
            yield from _propose_built_in_arguments(node, view)
            yield from _remove_call(node, view)
        elif isinstance(node, (ast.Attribute, ast.Name)):
            yield from _add_call(node, view)


def _swap_arguments(node: ast.Call, view: View) -> Iterator[Candidate]:
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    if len(values) > 5 or any(isinstance(value, ast.Starred) for value in values):
        return
    for left, right in combinations(values, 2):
        one, other = view.get_code(left), view.get_code(right)
        if one == other:
            continue
        near = values.index(right) - values.index(left) == 1
        edits = [view.source.replace(left, other), view.source.replace(right, one)]
        weight = (0.7 if near else 0.5) * (1 if left in node.args and right in node.args else 0.6)
        yield view.make(edits, "arguments", weight, f"swap `{one}` and `{other}`", node)


def _propose_relatives(node: ast.Call, view: View) -> Iterator[Candidate]:
    if not isinstance(node.func, ast.Name):
        own = view.get_code(node.func).partition(".")[0] in view.source.imported_modules
        if own and len(node.args) == 1 and not node.keywords:  # `re.compile(x)` where `x` is meant
            text = view.add_parentheses(node, view.get_code(node.args[0]))
            weight = 0.4 if view.crash.error == "TypeError" else 0.12
            yield view.put(node, text, "function", weight)
        return
    for family in FAMILIES:
        for name in family if node.func.id in family else ():
            if name != node.func.id:
                weight = 0.65 if len(family) == 2 else 0.35
                yield view.put(node.func, name, "function", weight)
    if len(node.args) == 1 and not node.keywords:
        yield view.put(
            node, view.add_parentheses(node, view.get_code(node.args[0])), "function", 0.15
        )
    if node.func.id == "hasattr" and len(node.args) == 2:  # the attribute may exist and be None
        thing, name = map(view.get_code, node.args)
        yield view.put(node, f"getattr({thing}, {name}, None)", "function", 0.4)


def _propose_arguments(node: ast.Call, view: View) -> Iterator[Candidate]:
    missing, unexpected = (pattern.search(view.crash.message) for pattern in (MISSING, UNEXPECTED))
    if missing and view.is_at_crash(node):
        name = missing[1]
        if name in view.list_names_before(node):
            yield add_argument(node, name, 0.85, view)
            yield add_argument(node, f"{name}={name}", 0.8, view)
        for other in view.list_names_before(node)[:5]:
            yield add_argument(node, other, 0.5, view)
    for keyword in node.keywords if unexpected else ():
        if keyword.arg == (unexpected and unexpected[1]):
            yield from _rename_keyword(node, keyword, view)


def _rename_keyword(node: ast.Call, keyword: ast.keyword, view: View) -> Iterator[Candidate]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else view.get_code(node.func)
    function = view.pools.functions.get(name) or view.pools.functions.get("__init__")
    known = [arg.arg for arg in list_parameters(function)] if function else []
    for other in difflib.get_close_matches(keyword.arg or "", known, 3, 0.3) or known:
        text = f"{other}={view.get_code(keyword.value)}"
        yield view.put(keyword, text, "arguments", 0.8)
    if (
        not known and keyword is node.keywords[0]
    ):  # a library's function may have another name for it
        yield view.put(keyword, view.get_code(keyword.value), "arguments", 0.7)


def add_argument(node: ast.Call, extra: str, weight: float, view: View) -> Candidate:
    """Return the call with one more argument at its end."""
    end = view.source.get_span(node)[1] - 1
    text = view.source.text
    last = text[:end].rstrip()
    joint = "" if last.endswith("(") else " " if last.endswith(",") else ", "
    code = view.get_code(node)
    new = (
        text[view.source.get_span(node)[0] : len(last)]
        + joint
        + extra
        + text[len(last) : end]
        + ")"
    )
    why = f"pass `{extra}` to `{code[:40]}`"
    return view.make([view.source.replace(node, new)], "arguments", weight, why, node)


def _propose_built_in_arguments(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the usual further arguments of well-known functions."""
    if isinstance(node.func, ast.Attribute):
        yield from _propose_method_arguments(node, node.func.attr, view)
    elif isinstance(node.func, ast.Name):
        yield from _propose_function_arguments(node, node.func.id, view)


def _propose_method_arguments(node: ast.Call, method: str, view: View) -> Iterator[Candidate]:
    if method == "sort" and not node.keywords:
        yield add_argument(node, "reverse=True", 0.45, view)
    if method == "get" and len(node.args) == 1:
        for value, weight in (("0", 0.5), ('""', 0.4), ("[]", 0.4), ("{}", 0.35)):
            yield add_argument(node, value, weight, view)
    if method in {"split", "rsplit"} and len(node.args) == 1:
        yield add_argument(node, "1", 0.6 if view.has_crash_text("too many values") else 0.1, view)


def _propose_function_arguments(node: ast.Call, name: str, view: View) -> Iterator[Candidate]:
    named = {keyword.arg for keyword in node.keywords}
    if name in {"max", "min"} and len(node.args) == 1 and "default" not in named:
        for value in ("0", "None"):
            yield add_argument(
                node, f"default={value}", 0.7 if view.has_crash_text("empty") else 0.1, view
            )
    if name == "sorted" and "reverse" not in named:
        yield add_argument(node, "reverse=True", 0.45, view)
    if name == "range" and len(node.args) == 1:
        yield view.put(node.args[0], f"1, {view.get_code(node.args[0])}", "off by one", 0.4)
    if name == "range" and len(node.args) == 2:
        for step in ("-1", "2"):
            yield add_argument(node, step, 0.2, view)
    if name == "enumerate" and len(node.args) == 1 and not named:
        yield add_argument(node, "start=1", 0.35, view)
    if name == "next" and len(node.args) == 1:
        yield add_argument(node, "None", 0.7 if view.crash.error == "StopIteration" else 0.1, view)


def _remove_call(node: ast.Call, view: View) -> Iterator[Candidate]:
    if not node.args and not node.keywords:
        weight = 0.8 if view.has_crash_text("not callable") and view.is_at_crash(node) else 0.12
        yield view.put(node, view.get_code(node.func), "call", weight)


def _add_call(node: ast.Attribute | ast.Name, view: View) -> Iterator[Candidate]:
    """Yield the forgotten call of a function that was used as a value."""
    parent = view.source.parents.get(node)
    if not isinstance(node.ctx, ast.Load) or isinstance(parent, (ast.Call, ast.Attribute)):
        return
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    known = name in view.pools.functions
    if known or (view.has_crash_text("method", "function") and view.is_at_crash(node)):
        yield view.put(
            node, f"{view.get_code(node)}()", "call", 0.6 if view.has_crash_text("method") else 0.3
        )
    if view.has_crash_text("can only concatenate str", "must be str", "expected str"):
        yield view.put(node, f"str({view.get_code(node)})", "function", 0.6)
    if view.has_crash_text("not supported between", "unsupported operand"):
        yield view.put(node, f"int({view.get_code(node)})", "function", 0.35)
