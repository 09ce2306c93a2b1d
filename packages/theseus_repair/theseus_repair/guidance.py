"""Weighs the kinds of edit by the exception, and says where edits must not go."""

import re

from theseus_repair.model import Crash

# Factors on an operator's own weight. Kinds that are not named keep theirs.
BY_ERROR: dict[str, dict[str, float]] = {
    "IndexError": {"off by one": 1.7, "constant": 1.3, "comparison": 1.3, "guard": 1.1},
    "KeyError": {"key": 1.8, "lookup": 1.3, "string": 1.3, "name": 1.2, "guard": 1.1},
    "AttributeError": {"attribute": 1.7, "guard": 1.4, "name": 1.1, "return": 1.2, "await": 1.3,
                       "library": 1.8},
    "TypeError": {"arguments": 1.4, "guard": 1.3, "call": 1.4, "function": 1.2, "return": 1.2,
                  "await": 1.3, "library": 1.8},
    "NameError": {"name": 2.0, "attribute": 1.2},
    "UnboundLocalError": {"name": 1.8, "insertion": 1.2},
    "ZeroDivisionError": {"guard": 1.6, "comparison": 1.1, "arithmetic": 1.1, "off by one": 1.1},
    "RecursionError": {"comparison": 1.3, "off by one": 1.8, "arguments": 0.7,
                       "arithmetic": 1.3, "guard": 1.2,
                       "name": 1.2, "insertion": 1.4},
    "OutOfTime": {"comparison": 1.2, "off by one": 1.3, "arithmetic": 1.3, "insertion": 1.5,
                  "name": 1.1, "condition": 1.2, "constant": 1.2},
    "ValueError": {"function": 1.3, "guard": 1.2, "except": 1.3, "off by one": 1.2},
    "StopIteration": {"call": 1.2, "guard": 1.2},
    # A misspelt name raises. If an assertion fails, all names exist, and a wrong name is rare.
    "AssertionError": {"comparison": 1.1, "negation": 1.1, "boolean": 1.1, "off by one": 1.05,
                       "name": 0.6, "attribute": 0.6},
    # The message of `pytest.raises`, which a wrong name or a failing call satisfies as well.
    "Failed": {"comparison": 1.1, "negation": 1.1, "name": 0.6, "attribute": 0.4, "refusal": 1.2},
}  # fmt: skip
# Some kinds propose many edits and rarely fix, others the other way round. Measured with the public
# half of the repair set (docs/repair.md); the factors are half of the measured effect.
YIELD = {"boolean operator": 1.5, "arithmetic": 1.2, "off by one": 0.85, "name": 0.85,
         "arguments": 0.85, "attribute": 0.75}  # fmt: skip
AT_CRASH = {"guard": 1.25, "lookup": 1.2, "key": 1.3, "attribute": 1.2, "off by one": 1.1,
            "name": 1.1, "arguments": 1.1, "call": 1.2}  # fmt: skip
TEST_PATH = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|tests?|conftest)\.py$")


def get_factor(crash: Crash, kind: str, at_crash: bool) -> float:
    """Return the factor by which the failure favours a kind of edit."""
    often = YIELD.get(kind, 1.0)
    table = next((BY_ERROR[name] for name in (crash.error, *crash.bases) if name in BY_ERROR), {})
    if at_crash and crash.error != "AssertionError":
        often *= AT_CRASH.get(kind, 1.0)
    return table.get(kind, 1.0) * often


def is_test(path: str) -> bool:
    """Return whether a path is a test's; tests are never changed."""
    return bool(TEST_PATH.search(path))
