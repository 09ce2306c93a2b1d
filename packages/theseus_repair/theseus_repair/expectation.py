"""Reads from a failed assertion what the test got, and what it expected.

pytest and unittest put both into the message. If both are plain values, they make some kinds of
edit more likely, and some constants can be calculated from them.
"""

import ast
import itertools
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from numbers import Real

from theseus_guard.syntax import evaluate_literal, parse

from theseus_repair.model import Crash

LINE_AT_MOST = 1_000
LEAVES_AT_MOST = 8
SEQUENCES = (list, tuple)
COLLECTIONS = (list, tuple, set)

YES_OR_NO = {"comparison": 1.3, "negation": 1.3, "boolean": 1.2, "boolean operator": 1.3}
NEAR = {"off by one": 1.1, "constant": 1.15, "comparison": 1.1}
OTHER_NUMBER = {"arithmetic": 1.2, "operand": 1.2, "constant": 1.1, "name": 1.1}
OTHER_ORDER = {"arguments": 1.3, "function": 1.3, "slice": 1.2, "literal": 1.3, "order": 1.4}
OTHER_LENGTH = {"insertion": 1.3, "slice": 1.3, "off by one": 1.2, "literal": 1.3, "place": 1.2}
NONE_FACTORS = {"return": 1.6, "insertion": 1.2, "place": 1.3}
OTHER_TYPE = {"function": 1.5, "call": 1.3}
SAME_INSIDE = {"function": 2.0, "literal": 2.0}
TEXT = {"string": 1.6, "arguments": 1.1}


@dataclass(frozen=True, slots=True)
class Expectation:
    """The value a test `got`, and the one it `wanted`, both of plain types."""

    got: object
    wanted: object

    def list_leaves(self) -> list[tuple[object, object]]:
        """Return the pairs that differ, from inside lists and dictionaries of equal shape."""
        return list(itertools.islice(_find_differences(self.got, self.wanted), LEAVES_AT_MOST))

    @property
    def distance(self) -> float:
        """Return the distance: for numbers their difference, for other values 0 to 1."""
        if isinstance(self.got, (int, float)) and isinstance(self.wanted, (int, float)):
            return abs(self.got - self.wanted)
        if type(self.got) is not type(self.wanted):
            return math.inf
        return 1 - SequenceMatcher(None, repr(self.got), repr(self.wanted), False).ratio()

    def get_factor(self, kind: str) -> float:
        """Return the factor by which the two values favour a kind of edit; 1 if they do not."""
        return _choose_factors(self.got, self.wanted).get(kind, 1.0)


def parse_expectation(crash: Crash | None) -> Expectation | None:
    """Return the values of a failed assertion; `None` if it does not name two plain values."""
    if crash is None or crash.error != "AssertionError":
        return None
    return _read(crash.message)


def is_boolean_assertion(crash: Crash | None) -> bool:
    """Return whether a failed assertion checks a boolean, as `assert not is_leap(1900)` does."""
    if crash is None or crash.error != "AssertionError":
        return False
    assertion = crash.message.strip().partition("\n")[0].removeprefix("AssertionError: ")
    if assertion.partition(" : ")[0] in ("False is not true", "True is not false"):
        return True
    with suppress(SyntaxError, ValueError, MemoryError, RecursionError):
        test = parse(assertion.removeprefix("assert "), "eval").body
        compared = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq)
        return assertion.startswith("assert ") and not compared
    return False


@lru_cache(maxsize=64)
def _read(message: str) -> Expectation | None:
    for line in message.splitlines():
        text = line.strip().removeprefix("AssertionError: ").removeprefix("assert ")
        if len(text) <= LINE_AT_MOST and (found := _parse_comparison(text, message)):
            return found
    return None


def _parse_comparison(text: str, message: str) -> Expectation | None:
    """Return the sides of `got == wanted` (pytest) or of `got != wanted : why` (unittest)."""
    for comparison in dict.fromkeys((text, text.rpartition(" : ")[0])):
        with suppress(SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
            test = parse(comparison, "eval").body
            if isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Eq, ast.NotEq)):
                return _order_sides(test, message)
    return None


def _order_sides(test: ast.Compare, message: str) -> Expectation:
    left, right = (ast.unparse(side) for side in (test.left, *test.comparators))
    if "..." in left + right:
        raise ValueError("abbreviated by pytest")
    # pytest adds "where ..." for a computed value: the other side is a literal in the test.
    is_swapped = f"where {right} = " in message and f"where {left} = " not in message
    got, wanted = (right, left) if is_swapped else (left, right)
    return Expectation(evaluate_literal(got), evaluate_literal(wanted))


def _find_differences(got: object, wanted: object) -> Iterator[tuple[object, object]]:
    if isinstance(got, SEQUENCES) and isinstance(wanted, SEQUENCES) and len(got) == len(wanted):
        inside = [pair for one in zip(got, wanted, strict=True) for pair in _find_differences(*one)]
        yield from inside or ([] if type(got) is type(wanted) else [(got, wanted)])
    elif isinstance(got, dict) and isinstance(wanted, dict) and got.keys() == wanted.keys():
        for key, value in got.items():
            yield from _find_differences(value, wanted[key])
    elif got != wanted or type(got) is not type(wanted):
        yield got, wanted


def _choose_factors(got: object, wanted: object) -> dict[str, float]:
    if got is None or wanted is None:
        return NONE_FACTORS if got is None else {}
    if isinstance(got, bool) or isinstance(wanted, bool):
        return YES_OR_NO if isinstance(got, bool) and isinstance(wanted, bool) else OTHER_TYPE
    if isinstance(got, Real) and isinstance(wanted, Real):
        return NEAR if abs(float(got) - float(wanted)) == 1 else OTHER_NUMBER
    if isinstance(got, str) and isinstance(wanted, str):
        return TEXT
    if type(got) is not type(wanted):
        if isinstance(got, COLLECTIONS) and isinstance(wanted, COLLECTIONS):
            return SAME_INSIDE if list(got) == list(wanted) else OTHER_TYPE
        return OTHER_TYPE
    if isinstance(got, SEQUENCES) and isinstance(wanted, SEQUENCES):
        return _choose_item_factors(got, wanted)
    return {}


def _choose_item_factors(
    got: list[object] | tuple[object, ...], wanted: list[object] | tuple[object, ...]
) -> dict[str, float]:
    if wanted in got[:1] or got in wanted[:1]:  # one level too deep, or not deep enough
        return SAME_INSIDE
    if len(got) != len(wanted):
        return OTHER_LENGTH
    if sorted(map(repr, got)) == sorted(map(repr, wanted)):
        return OTHER_ORDER
    kinds = [_choose_factors(one, other) for one, other in _find_differences(got, wanted)]
    return kinds[0] if kinds and all(kind == kinds[0] for kind in kinds) else {}
