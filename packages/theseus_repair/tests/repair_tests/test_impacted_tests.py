"""An edit concerns the tests that call the function it is in; where that is not known, all."""

import pytest
from repair_tests.one_module import PATH, OneModule
from theseus_repair.impacted_tests import ImpactedTests
from theseus_repair.judge import TestJudge
from theseus_repair.model import Problem
from theseus_repair.runner import TimeLimits

TEXT = """\
RATE = 2


def total(prices):
    rate = RATE
    return sum(prices) - rate


def label(text):
    shown = text.strip()
    return shown


def total_of(text, sign=1):
    return total([sign * len(label(text))])
"""
BAD, GOOD, OTHER, APART = "bad", "good", "other", "apart"
SEEN = {
    BAD: {4, 5, 6, 14, 15},
    GOOD: {4, 5, 6},
    OTHER: {9, 10, 11, 14, 15},
    APART: set[int](),
}
CONCERNED = {
    "the function two of them call": (("sum(prices) -", "sum(prices) +"), {GOOD}),
    "a line more in it": (("rate = RATE", "rate = RATE\n    rate += 1"), {GOOD}),
    "a line less in it": (("    rate = RATE\n", ""), {GOOD}),
    "a function with one caller": (("sign * len", "len"), {OTHER}),
    "the module": (("RATE = 2", "RATE = 3"), {GOOD, OTHER, APART}),
    "a default": (("sign=1", "sign=2"), {GOOD, OTHER, APART}),
    "a function that no failing test called": ((".strip()", ""), {GOOD, OTHER, APART}),
}


def problem() -> Problem:
    coverage = {test: {PATH: frozenset(lines)} for test, lines in SEEN.items()}
    return Problem(
        {PATH: TEXT},
        coverage=coverage,
        failing=frozenset({BAD}),
        passing=frozenset(SEEN) - {BAD},
    )


@pytest.mark.parametrize("case", CONCERNED)
def test_an_edit_concerns_who_calls_the_function_it_is_in(case: str) -> None:
    (before, after), concerned = CONCERNED[case]

    left_out = ImpactedTests(problem()).find_unaffected({PATH: TEXT.replace(before, after)})

    assert frozenset(SEEN) - {BAD} - left_out == concerned


async def test_only_tests_that_an_edit_concerns_are_run_after_the_failing_one() -> None:
    tests = {
        BAD: "assert total([1, 2]) == 5",
        GOOD: "assert total([]) == 2",
        APART: "assert label(' a') == 'a'",
    }
    judge = TestJudge(
        OneModule(TEXT, tests), [BAD], [GOOD, APART], TimeLimits(), TimeLimits(),
        unconcerned=ImpactedTests(problem()).find_unaffected,
    )  # fmt: skip

    judgement = await judge.judge({PATH: TEXT.replace(" - rate", " + rate")})

    assert judgement.is_passing
    assert judgement.passed == 2


async def test_what_is_told_of_failing_tests_counts_no_others_that_were_run_with_them() -> None:
    tests = {
        BAD: "assert total([1, 2]) == 5",
        GOOD: "assert total([]) == 2",
    }
    judge = TestJudge(OneModule(TEXT, tests), [BAD], [GOOD], TimeLimits(), TimeLimits())
    breaking = await judge.judge({PATH: TEXT.replace(" - rate", " + len(prices)")})
    assert breaking.stage == "affected"  # so the test that now fails is run with the failing one

    judgement = await judge.judge({PATH: TEXT})

    assert (judgement.stage, judgement.total) == ("reproduction", 1)
    again = await judge.judge({PATH: TEXT.replace(" - rate", " - -len(prices)")})
    assert (again.stage, again.failed) == ("affected", (GOOD,))
