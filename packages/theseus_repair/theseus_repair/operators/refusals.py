"""Missing refusals: a test expects an error for a value for which a function answers."""

import ast
import builtins
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, Source, list_defaults, list_parameters

NOT_RAISED = re.compile(r"DID NOT RAISE (?:<class ')?(?:[\w.]*\.)?(\w+)|^(\w+) not raised")
NOT_MATCHED = re.compile(r'"(.+)" does not match "|Expected regex: \'(.+)\'$', re.M)
BUILT_IN = frozenset(dir(builtins))
CONDITIONS = (
    ("{} < 0", "{} must not be negative", 0.5),
    ("{} <= 0", "{} must be positive", 0.45),
    ("not {}", "{} must not be empty", 0.3),
    ("{} is None", "{} must not be None", 0.3),
)
WHERE_NONE_MAY_BE = 0.9
INSTEAD = 0.5
SAME_FILE_WEIGHT = 0.9  # the weight of a refusal that another function of the file has
LEAST = 1.0  # the weight of the narrowest refusal: no test asks for a wider one


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield refusals at the start of a function, and instead of a branch that answers."""
    error, known = parse_missed_error(view.crash.message), view.source.module_names | BUILT_IN
    if isinstance(statement, FunctionNode):
        yield from _refuse_at_start(statement, error if error in known else "", view)
    elif error in known and isinstance(statement, ast.Return):
        branch = view.source.parents.get(statement)
        if isinstance(branch, ast.If) and "\n" not in (test := view.get_code(branch.test)):
            message = test.replace("\\", "\\\\").replace('"', "'")
            text = f'raise {error}("{message}")' if statement in branch.body else f"raise {error}"
            edit = view.source.replace(statement, text)
            yield view.make([edit], "refusal", INSTEAD, f"refuse: `{text[:90]}`", statement)


def _refuse_at_start(function: FunctionNode, error: str, view: View) -> Iterator[Candidate]:
    """Yield refusals of a function's arguments: those of other functions first."""
    pattern = parse_missed_text(view.crash.message)
    first = next((statement for statement in function.body if not _is_docstring(statement)), None)
    if first is None or not view.source.is_line_start(first) or first.lineno == function.lineno:
        return
    if not error and not pattern:
        return
    own = {arg.arg for arg in list_parameters(function)}
    maybe = {arg.arg for arg, value in list_defaults(function) if view.get_code(value) == "None"}
    maybe |= {name for name in own if f"{name} is None" in view.get_code(function)}

    def build_refusal(test: str, raised: str, weight: float) -> Candidate:
        name = test.partition(" ")[0]
        if name in maybe and not test.endswith("None"):
            test, weight = f"{name} is not None and {test}", weight * WHERE_NONE_MAY_BE
        why = f"refuse: `if {test}: {raised}"[:100] + "`"
        edit = view.source.insert_before(first, [f"if {test}:", f"    {raised}"])
        return view.make([edit], "refusal", weight, why, first)

    bounded: set[str] = set()
    for test, raised, read in _list_refusals(view.source):
        is_same_error = error and error in raised.partition("(")[0]
        fits = read & own and read <= own | view.source.module_names | BUILT_IN
        if fits and (is_same_error or (pattern and _is_match(pattern, raised))):
            bounded |= {name for name in own if re.match(rf"{name} <=? \d", test)}
            yield build_refusal(
                test, raised, SAME_FILE_WEIGHT if not test.endswith(" < 0") else LEAST
            )
    for name in [arg.arg for arg in list_parameters(function) if arg.arg not in ("self", "cls")]:
        for condition, text, weight in CONDITIONS if error else ():
            if name in bounded and condition == "{} < 0":
                weight = (LEAST + SAME_FILE_WEIGHT) / 2
            yield build_refusal(
                condition.format(name), f'raise {error}("{text.format(name)}")', weight
            )


def parse_missed_error(message: str) -> str:
    """Return the name of the error that a test expected and did not get, or an empty string."""
    found = NOT_RAISED.search(message)
    return (found[1] or found[2]) if found else ""


def parse_missed_text(message: str) -> str:
    """Return the pattern that an error's text should have matched, or an empty string."""
    found = NOT_MATCHED.search(message)
    return (found[1] or found[2]) if found else ""


def _is_match(pattern: str, text: str) -> bool:
    with suppress(re.error):
        return re.search(pattern, text) is not None
    return False


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@lru_cache(maxsize=64)
def _list_refusals(source: Source) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """Return the conditions that only raise: condition, `raise` statement, names they read."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for node in source.nodes:
        if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[0], ast.Raise):
            both = source.get_code(node.test), source.get_code(node.body[0])
            if not any("\n" in code for code in both):
                names = (name.id for name in ast.walk(node) if isinstance(name, ast.Name))
                found[both] = frozenset(names)
    return tuple((*both, names) for both, names in found.items())
