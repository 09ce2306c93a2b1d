"""What worked for which class of fault, with the counts that are the reason."""

import pytest

from bot.adapters.offline_agent._inputs import build_edit_factors
from bot.learning.edits import classify_edit
from bot.learning.patterns import choose_lessons, count_patterns
from tests.support.run_cases import make_case

CHANGED = "-x = 1\n+x = 2\n y = 3\n"
HEAD = "--- a/cogs/dice.py\n+++ b/cogs/dice.py\n@@ -1,2 +1,2 @@\n"


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["-    return faces[n]", "+    return faces[n - 1]"], "changed expression"),
        (["+    if n > 6:", "+        return None"], "added condition"),
        (["+    try:", "-    go()", "+        go()", "+    except KeyError:"], "exception handler"),
        (["-    reply()", "+    await reply()"], "added wait"),
        (["-    n += 1"], "removed lines"),
        (["+    n += 1"], "added lines"),
    ],
)
def test_an_edit_has_the_kind_of_what_it_adds(lines: list[str], kind: str) -> None:
    assert classify_edit(HEAD + "\n".join([*lines, ""])) == kind


def test_tests_are_no_edit_and_two_files_are_several() -> None:
    test = HEAD.replace("cogs/dice.py", "tests/test_dice.py") + CHANGED
    other = HEAD.replace("dice", "polls") + CHANGED
    assert classify_edit(test) == ""
    assert classify_edit(test + other) == "changed expression"
    assert classify_edit(HEAD + CHANGED + other) == "several files"


def test_a_clear_count_is_a_lesson_with_its_reason_and_an_unclear_one_is_none() -> None:
    held = [make_case(f"h{n}") for n in range(4)]
    failed = [make_case(f"f{n}", edit="exception handler", result="did not hold") for n in range(4)]
    patterns = count_patterns([*held, *failed])
    texts, factors = choose_lessons(patterns, "IndexError")
    assert texts == (
        "For IndexError, kind of edit “added condition” tends to hold: 4 of 4 runs held. "
        "A search tries it earlier.",
        "For IndexError, kind of edit “exception handler” tends to fail: 0 of 4 runs held. "
        "A search tries it later.",
    )
    assert factors == {"added condition": 1.5, "exception handler": 0.5}
    kinds = {(each.trait, each.value): each.kind for each in patterns if each.fault}
    assert kinds["engine", "offline"] == "unclear"
    assert choose_lessons(count_patterns(held[:3]), "IndexError") == ((), {})


def test_other_classes_of_fault_learn_only_what_holds_for_all() -> None:
    cases = [make_case(f"h{n}", fault=fault) for n, fault in enumerate(["KeyError"] * 5)]
    first = choose_lessons(count_patterns(cases), "ValueError").texts[0]
    assert first.startswith("For all faults, ")


def test_what_nobody_judged_or_no_one_fixed_counts_for_nothing() -> None:
    ends = ("unclear", "answered")
    cases = [make_case(f"{end}{n}", result=end) for end in ends for n in range(9)]
    assert count_patterns(cases) == ()
    assert count_patterns([make_case("r", goal="revert")]) == ()


def test_a_search_gets_the_factors_of_its_own_kinds_of_edit() -> None:
    factors = build_edit_factors({"added condition": 1.5, "exception handler": 0.5, "reverted": 2})
    assert factors == {"guard": 1.5, "except": 0.5}
