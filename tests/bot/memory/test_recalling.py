"""What memories say: how a fix turned out, what was done before, and whether a change is known."""

import difflib
from datetime import UTC, datetime, timedelta

import pytest
from theseus_guard import hash_diff, hash_texts

from bot.domain.memory import Memory, Recalled
from bot.domain.watch import Judgement
from bot.memory.ranking import (
    describe_history,
    extract_terms,
    find_failed_approaches,
    format_memory,
)

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
FIX = Memory(
    key="fix:aaaaaa", kind="fix", text="2 IndexErrors", fingerprint="f", run_id="aaaaaa",
    number=47, approach="count faces from 1", diff_hash="d", at=AT,
)  # fmt: skip


def recalled(*memories: Memory) -> list[Recalled]:
    return [Recalled(memory=memory, score=0.9, because="the same failure") for memory in memories]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("fixed", "fixed in #47 on 3 November 2026, held"),
        ("not_fixed", "fixed in #47 on 3 November 2026, did not hold: it came back"),
        ("regressed", "fixed in #47 on 3 November 2026, did not hold: it made things worse"),
        ("inconclusive", "fixed in #47 on 3 November 2026, not clear whether it held"),
        (None, "fixed in #47 on 3 November 2026, its outcome was not watched"),
    ],
)
def test_what_was_done_before_says_how_it_turned_out(outcome: Judgement | None, said: str) -> None:
    assert describe_history(recalled(FIX.replace(outcome=outcome)), "f") == said


def test_the_newest_fix_is_told_and_that_there_were_others() -> None:
    older = FIX.replace(key="fix:b", number=12, at=AT - timedelta(days=40), outcome="not_fixed")
    said = describe_history(recalled(older, FIX.replace(outcome="fixed")), "f")
    assert said == "fixed in #47 on 3 November 2026, held, and 1 time before that"


def test_without_a_fix_what_was_learned_is_told_or_how_often_it_was_seen() -> None:
    fault = Memory(
        key="fault:f", kind="fault", text="IndexError in face", fingerprint="f",
        times=12, first_at=AT - timedelta(days=9), at=AT,
    )  # fmt: skip
    seen = "12 times from 25 October 2026 to 3 November 2026; nothing was shipped for it"
    assert describe_history(recalled(fault), "f") == seen
    lesson = FIX.replace(key="lesson:a", kind="lesson", text="No edit made the test pass.")
    assert describe_history(recalled(fault, lesson), "f") == (
        "on 3 November 2026, without a fix: No edit made the test pass."
    )


def test_another_failure_was_not_seen_before() -> None:
    assert describe_history(recalled(FIX), "other") == ""
    assert describe_history(recalled(FIX.replace(fingerprint="")), "") == ""
    assert describe_history([], "f") == ""


def test_only_shipped_fixes_of_this_failure_that_did_not_hold_are_failed_approaches() -> None:
    failed = FIX.replace(outcome="regressed")
    others = (
        FIX.replace(key="1", outcome="fixed"),
        FIX.replace(key="2"),
        failed.replace(key="3", fingerprint="other"),
        failed.replace(key="4", kind="note"),
    )
    assert find_failed_approaches(recalled(*others, failed), "f") == (failed,)
    assert find_failed_approaches(recalled(failed.replace(fingerprint="")), "") == ()


def test_a_note_is_told_as_somebodys_words_on_one_line() -> None:
    note = Memory(key="note:1", kind="note", text="dice\ncount from 1", by="bob", at=AT)
    assert format_memory(note) == "bob noted: dice count from 1"
    assert format_memory(FIX.replace(outcome="fixed")) == (
        "fixed in #47 on 3 November 2026, held: count faces from 1"
    )


def test_words_are_stemmed_and_noise_is_none() -> None:
    assert set(extract_terms("Rolling the dice_faces, again: DiceError 404!")) == {
        "roll", "dic", "fac", "404",
    }  # fmt: skip
    assert extract_terms('" AND ( * ^ the it') == ()
    assert extract_terms("骰子坏了 🎲") == ("骰子", "子坏", "坏了", "🎲")


# ------------------------------------------------------------------------------- the same change

BEFORE = "\n".join(["FACES = 'abc'", "", "def face(value):", "    return FACES[value]", ""])
AFTER = BEFORE.replace("[value]", "[value - 1]")


def diff(before: str, after: str, path: str = "dice.py", context: int = 3) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="", n=context
    )
    return "\n".join([f"diff --git a/{path} b/{path}", *lines, ""])


def test_the_same_change_is_known_again_wherever_its_lines_stand_by_then() -> None:
    known = hash_diff(diff(BEFORE, AFTER))
    assert known
    assert known == hash_texts({"dice.py": BEFORE}, {"dice.py": AFTER})
    moved = "import os\n\n\n" + BEFORE
    assert known == hash_diff(diff(moved, "import os\n\n\n" + AFTER, context=0))
    assert known == hash_diff(
        diff(BEFORE, AFTER) + diff("", "def test(): ...\n", "tests/test_x.py")
    )


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (BEFORE, BEFORE.replace("[value]", "[value - 2]"), "dice.py"),
        (BEFORE, AFTER, "polls.py"),
        (AFTER, BEFORE, "dice.py"),
        (BEFORE, AFTER + "x = 1\n", "dice.py"),
    ],
)
def test_another_change_is_not(before: str, after: str, path: str) -> None:
    assert hash_diff(diff(before, after, path)) != hash_diff(diff(BEFORE, AFTER))


def test_a_change_of_tests_alone_has_no_name() -> None:
    assert hash_diff(diff(BEFORE, AFTER, "tests/test_dice.py")) == ""
    assert hash_diff("") == ""
    assert hash_texts({"dice.py": BEFORE}, {"dice.py": BEFORE}) == ""
