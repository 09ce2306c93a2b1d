"""What a failed assertion says of the answer: what the test got, and what it expected.

pytest and unittest both put the two into the message. Where they can be read as plain values, they
speak for kinds of edit, and some constants can be reckoned from them.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real

from bot.infra.syntax import literal, parse

NOT_EQUAL = re.compile(r"^(?P<got>.+?) != (?P<wanted>.+?)(?: : .*)?$")
LINE_AT_MOST = 1_000
LEAVES_AT_MOST = 8
SEQUENCES = (list, tuple)

YES_OR_NO = {"comparison": 1.3, "negation": 1.3, "boolean": 1.2, "boolean operator": 1.3}
NEAR = {"off by one": 1.1, "constant": 1.15, "comparison": 1.1}
OTHER_NUMBER = {"arithmetic": 1.2, "operand": 1.2, "constant": 1.1, "name": 1.1}
OTHER_ORDER = {"arguments": 1.3, "function": 1.3, "slice": 1.2, "literal": 1.3, "order": 1.4}
OTHER_LENGTH = {"insertion": 1.3, "slice": 1.3, "off by one": 1.2, "literal": 1.3, "place": 1.2}
NOTHING = {"return": 1.6, "insertion": 1.2, "place": 1.3}
OTHER_TYPE = {"function": 1.5, "call": 1.3}
TEXT = {"string": 1.6, "arguments": 1.1}


@dataclass(frozen=True, slots=True)
class Expectation:
    """The value a test `got`, and the one it `wanted`; both are literals of Python."""

    got: object
    wanted: object

    def leaves(self) -> list[tuple[object, object]]:
        """Return the pairs that differ, from inside lists and dictionaries of one shape."""
        return list(itertools.islice(_differing(self.got, self.wanted), LEAVES_AT_MOST))

    def factor(self, kind: str) -> float:
        """Return how much the two values speak for a kind of edit; 1 where they say nothing."""
        return _favoured(self.got, self.wanted).get(kind, 1.0)


@lru_cache(maxsize=64)
def expectation_of(message: str) -> Expectation | None:
    """Return what an assertion's message says; None where it holds no two plain values."""
    for line in message.splitlines():
        text = line.strip().removeprefix("AssertionError: ")
        if len(text) > LINE_AT_MOST:
            continue
        if text.startswith("assert ") and (found := _asserted(text, message)):
            return found
        if (match := NOT_EQUAL.match(text)) and (both := _literals(match["got"], match["wanted"])):
            return Expectation(*both)
    return None


def _asserted(text: str, message: str) -> Expectation | None:
    try:
        statement = parse(text).body[0]
    except (SyntaxError, ValueError, RecursionError):
        return None
    test = statement.test if isinstance(statement, ast.Assert) else None
    if not isinstance(test, ast.Compare) or [type(each) for each in test.ops] != [ast.Eq]:
        return None
    left, right = (ast.unparse(side) for side in (test.left, test.comparators[0]))
    both = _literals(left, right)
    if both is None:
        return None
    # pytest tells where a value comes from that was reckoned: the other one stands in the test.
    turned = f"where {right} = " in message and f"where {left} = " not in message
    return Expectation(both[1], both[0]) if turned else Expectation(*both)


def _literals(left: str, right: str) -> tuple[object, object] | None:
    if "..." in left + right:  # abbreviated by pytest
        return None
    try:
        return literal(left), literal(right)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None


def _differing(got: object, wanted: object) -> Iterator[tuple[object, object]]:
    if isinstance(got, SEQUENCES) and isinstance(wanted, SEQUENCES) and len(got) == len(wanted):
        for one, other in zip(got, wanted, strict=True):
            yield from _differing(one, other)
    elif isinstance(got, dict) and isinstance(wanted, dict) and got.keys() == wanted.keys():
        for key, value in got.items():
            yield from _differing(value, wanted[key])
    elif got != wanted or type(got) is not type(wanted):
        yield got, wanted


def _favoured(got: object, wanted: object) -> dict[str, float]:
    if got is None or wanted is None:
        return NOTHING if got is None else {}
    if isinstance(got, bool) or isinstance(wanted, bool):
        return YES_OR_NO if isinstance(got, bool) and isinstance(wanted, bool) else OTHER_TYPE
    if isinstance(got, Real) and isinstance(wanted, Real):
        return NEAR if abs(float(got) - float(wanted)) == 1 else OTHER_NUMBER
    if isinstance(got, str) and isinstance(wanted, str):
        return TEXT
    if type(got) is not type(wanted):
        return OTHER_TYPE
    if isinstance(got, SEQUENCES) and isinstance(wanted, SEQUENCES):
        return _favoured_items(got, wanted)
    return {}


def _favoured_items(
    got: list[object] | tuple[object, ...], wanted: list[object] | tuple[object, ...]
) -> dict[str, float]:
    if len(got) != len(wanted):
        return OTHER_LENGTH
    if sorted(map(repr, got)) == sorted(map(repr, wanted)):
        return OTHER_ORDER
    kinds = [_favoured(one, other) for one, other in _differing(got, wanted)]
    return kinds[0] if kinds and all(kind == kinds[0] for kind in kinds) else {}
