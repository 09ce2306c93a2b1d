"""Missing refusals: a test expects an error for a value that a function answers for."""

import ast
import builtins
import re
from collections.abc import Iterator
from functools import lru_cache

from bot.repair.model import Candidate
from bot.repair.operators._view import View
from bot.repair.source import FunctionNode, Source, parameters, with_defaults

NOT_RAISED = re.compile(r"DID NOT RAISE (?:<class ')?(?:[\w.]*\.)?(\w+)|^(\w+) not raised")
CONDITIONS = (
    ("{} < 0", "{} must not be negative", 0.5),
    ("{} <= 0", "{} must be positive", 0.45),
    ("not {}", "{} must not be empty", 0.3),
    ("{} is None", "{} must not be None", 0.3),
)
WHERE_NONE_MAY_BE = 0.9
INSTEAD = 0.35
AS_ELSEWHERE = 0.9  # the weight of a refusal that another function of the file has


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield refusals at the start of a function, and in the place of a branch that answers."""
    error = missed_error(view.crash.message)
    known = view.source.module_names | set(dir(builtins))
    if error in known and isinstance(statement, FunctionNode):
        yield from _at_start(statement, error, known, view)
    elif error in known and isinstance(statement, ast.Return):
        branch = view.source.parents.get(statement)
        if isinstance(branch, ast.If) and "\n" not in (test := view.code(branch.test)):
            said = test.replace("\\", "\\\\").replace('"', "'")
            text = f'raise {error}("{said}")' if statement in branch.body else f"raise {error}"
            edit = view.source.replace(statement, text)
            yield view.make([edit], "refusal", INSTEAD, f"refuse: `{text[:90]}`", statement)


def _at_start(
    statement: FunctionNode, error: str, known: set[str] | frozenset[str], view: View
) -> Iterator[Candidate]:
    """Yield refusals of a function's arguments: those of others first, then for each parameter."""
    first = next((each for each in statement.body if not _says_only(each)), None)
    if first is None or not view.source.starts_line(first) or first.lineno == statement.lineno:
        return
    own = {arg.arg for arg in parameters(statement)}
    maybe = {arg.arg for arg, value in with_defaults(statement) if view.code(value) == "None"}
    maybe |= {name for name in own if f"{name} is None" in view.code(statement)}
    for refusal, read in _elsewhere(view.source, error):
        if read <= known | own and read & own:
            yield _before(first, list(refusal), AS_ELSEWHERE, view)
    for name in [arg.arg for arg in parameters(statement) if arg.arg not in ("self", "cls")]:
        for condition, text, weight in CONDITIONS:
            test = condition.format(name)
            if name in maybe and test.startswith(name) and not test.endswith("None"):
                test, weight = f"{name} is not None and {test}", weight * WHERE_NONE_MAY_BE
            lines = [f"if {test}:", f'    raise {error}("{text.format(name)}")']
            yield _before(first, lines, weight, view)


def missed_error(message: str) -> str:
    """Return the name of the error that a test waited for in vain, as its message says; or none."""
    found = NOT_RAISED.search(message)
    return (found[1] or found[2]) if found else ""


def _before(place: ast.stmt, lines: list[str], weight: float, view: View) -> Candidate:
    why = "refuse: `" + " ".join(line.strip() for line in lines)[:90] + "`"
    return view.make([view.source.insert_before(place, lines)], "refusal", weight, why, place)


def _says_only(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@lru_cache(maxsize=64)
def _elsewhere(source: Source, error: str) -> tuple[tuple[tuple[str, str], frozenset[str]], ...]:
    """Return conditions that raise this error and do nothing else: two lines and their names."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for node in source.nodes:
        if not isinstance(node, ast.If) or node.orelse or len(node.body) != 1:
            continue
        raised = node.body[0]
        if isinstance(raised, ast.Raise) and error in source.code(raised).partition("(")[0]:
            lines = (f"if {source.code(node.test)}:", f"    {source.code(raised)}")
            if not any("\n" in line for line in lines):
                names = (each.id for each in ast.walk(node) if isinstance(each, ast.Name))
                found[lines] = frozenset(names)
    return tuple(found.items())
