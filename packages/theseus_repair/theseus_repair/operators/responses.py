"""Callbacks that never respond to their interaction, so that people see "did not respond"."""

import ast
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, list_parameters

KIND = "discord"
DEFER = "await {}.response.defer()"
PASSED = 0.4  # the interaction is passed on, so that another function may respond


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield a response at the end of a callback, and of all such callbacks of its class."""
    if not isinstance(statement, ast.AsyncFunctionDef) or view.crash.error:
        return
    weight = _weigh(statement, view)
    if not weight:
        return
    room = view.source.parents.get(statement)
    body = room.body if isinstance(room, ast.ClassDef) else []
    silent = [each for each in body
              if isinstance(each, ast.AsyncFunctionDef) and _weigh(each, view)]  # fmt: skip
    for group in ([statement], silent):
        if group and (len(group) > 1 or group == [statement]):
            lines = [DEFER.format(_find_interaction(each, view)) for each in group]
            ends = [each.body[-1] for each in group]
            edits = [view.source.insert_after(end, [line])
                     for end, line in zip(ends, lines, strict=True)]  # fmt: skip
            why = f"add `{lines[0]}` to {', '.join(each.name for each in group)}"
            yield view.make(edits, KIND, weight, why, statement)
        weight *= 0.95


def _weigh(function: FunctionNode, view: View) -> float:
    """Return how likely a response is missing; 0 if the function responds, or cannot."""
    name, last = _find_interaction(function, view), function.body[-1]
    if not name or isinstance(last, (ast.Return, ast.Raise)) or not view.source.is_line_start(last):
        return 0.0
    code = view.get_code(function)
    if any(f"{name}.{way}" in code for way in ("response", "followup", "edit_original")):
        return 0.0
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    passed = any(getattr(arg, "id", "") == name for call in calls for arg in call.args)
    return 0.9 * (PASSED if passed else 1.0)


def _find_interaction(function: FunctionNode, view: View) -> str:
    """Return the parameter that is an interaction, by its annotation or its name."""
    for arg in list_parameters(function):
        annotation = view.get_code(arg.annotation) if arg.annotation else ""
        if "Interaction" in annotation or arg.arg == "interaction":
            return arg.arg
    return ""
