"""Classifies single assertion lines: which lines assert, cannot fail, or check less than before."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from theseus_guard.syntax import parse
from theseus_guard.unified_diff import Block

_ASSERTION = re.compile(
    r"\s*assert\b|\s*(?:await\s+)?[\w.]*\bassert_\w+\(|\s*self\.(?:assert|fail)\w*\("
    r"|.*\bpytest\.(?:raises|warns|fail)\(|.*\bwith\s+(?:raises|warns)\(|\s*(?:await\s+)?expect\("
)
_TOLERANCE = re.compile(
    r"\b(rel|abs|delta|atol|rtol|rel_tol|abs_tol|places|decimal)\s*=\s*(-?[\d._]+(?:[eE][-+]?\d+)?)"
)
_COUNTED_DOWN = frozenset({"places", "decimal"})  # a smaller number is a looser check

# How precisely an assertion checks a value: one exact value, an approximate one, or only its kind.
_ABOUT_KIND = frozenset({"isinstance", "hasattr", "callable", "bool"})
_EXACT, _ROUGH, _ANYTHING = 3, 2, 1


def is_assertion(line: str) -> bool:
    """Return whether a line contains an assertion of `assert`, unittest, pytest or mock style."""
    return bool(_ASSERTION.match(line))


def _parse_test(line: str) -> ast.expr | None:
    """Return the tested expression of a one-line `assert`, or `None` if the line is not one."""
    try:
        body = parse(line.strip()).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return body[0].test if len(body) == 1 and isinstance(body[0], ast.Assert) else None


def _is_always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple | ast.List | ast.Set):
        return bool(test.elts)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Constant) and not test.operand.value
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(_is_always_true(value) for value in test.values)
    if isinstance(test, ast.Compare) and isinstance(
        test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE
    ):
        return ast.dump(test.left) == ast.dump(test.comparators[0])
    return isinstance(test, ast.Lambda | ast.GeneratorExp | ast.JoinedStr)


def is_vacuous(line: str) -> bool:
    """Return whether a line is an assertion that holds whatever the code does."""
    test = _parse_test(line)
    if test is not None:
        return _is_always_true(test)
    return bool(
        re.match(r"\s*self\.assert(?:True\(\s*True|False\(\s*False|Equal\((\w+), \1)\b", line)
    )


def _measure_reach(test: ast.expr) -> tuple[str, int]:
    """Return the subject of an assertion, and how precisely it is checked (see `_EXACT`)."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        subject, other = ast.dump(test.left), test.comparators[0]
        if isinstance(test.ops[0], ast.Eq | ast.Is):
            rough = isinstance(other, ast.Call) and "approx" in ast.dump(other.func)
            return subject, _ROUGH if rough else _EXACT
        if isinstance(test.ops[0], ast.NotEq | ast.IsNot):
            return subject, _ANYTHING
        if isinstance(test.ops[0], ast.In | ast.NotIn) and isinstance(test.left, ast.Constant):
            return ast.dump(other), _ROUGH  # "text" in answer
        return subject, _ROUGH
    named = isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id
    if isinstance(test, ast.Call) and test.args and named in _ABOUT_KIND:
        return ast.dump(test.args[0]), _ANYTHING
    return ast.dump(test), _ANYTHING


def _format_expected(test: ast.expr) -> str:
    return ast.unparse(test.comparators[0]) if isinstance(test, ast.Compare) else ""


def _is_loosened(before: str, after: str) -> bool:
    """Return whether two lines differ only in tolerances, and at least one became looser."""
    if _TOLERANCE.sub(r"\1=", before) != _TOLERANCE.sub(r"\1=", after):
        return False
    for old, new in zip(_TOLERANCE.finditer(before), _TOLERANCE.finditer(after), strict=False):
        grew = float(new[2]) - float(old[2])
        if grew < 0 if old[1] in _COUNTED_DOWN else grew > 0:
            return True
    return False


def _pair_assertions(block: Block) -> Iterator[tuple[str, str]]:
    """Yield pairs of a removed assertion and the new assertion in its place, in order.

    Assertions that are on both sides are left out. A pair is filled up with an empty string if one
    side has more assertions than the other.
    """
    removed = [line for line in block.removed if is_assertion(line) or _TOLERANCE.search(line)]
    added = [line for line in block.added if is_assertion(line) or _TOLERANCE.search(line)]
    yield from zip_longest(_find_new(removed, added), _find_new(added, removed), fillvalue="")


def _find_new(lines: Sequence[str], others: Sequence[str]) -> list[str]:
    known = {line.strip() for line in others}
    return [line for line in lines if line.strip() not in known]


def find_weakened_assertions(block: Block) -> Iterator[tuple[str, bool]]:
    """Yield (message, whether it blocks the change) for weaker assertions in a block."""
    for before, after in _pair_assertions(block):
        if not before or not after:
            continue
        if _is_loosened(before, after):
            yield f"A tolerance is loosened: `{after.strip()[:120]}`.", True
            continue
        old, new = _parse_test(before), _parse_test(after)
        if old is None or new is None:
            continue
        (subject, reach), (subject_now, reach_now) = _measure_reach(old), _measure_reach(new)
        if subject != subject_now:
            continue
        if reach_now < reach:
            yield f"An assertion checks less than before: `{after.strip()[:120]}`.", True
        elif reach == _EXACT and _format_expected(old) != _format_expected(new):
            yield (
                (
                    f"An expected value changed: `{_format_expected(old)[:60]}` became "
                    f"`{_format_expected(new)[:60]}`."
                ),
                False,
            )
