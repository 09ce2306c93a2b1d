"""What memories say: how a fix turned out, what was done before, and whether a change is known."""

import difflib
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.memory import Memory, Recalled
from bot.domain.watch import Judgement
from bot.guards import diff_hash, texts_hash
from bot.memory.ranking import failed_approaches, seen_before, terms, told

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
        (None, "fixed in #47 on 3 November 2026, nobody watched how it turned out"),
    ],
)
def test_what_was_done_before_says_how_it_turned_out(outcome: Judgement | None, said: str) -> None:
    assert seen_before(recalled(FIX.but(outcome=outcome)), "f") == said


def test_the_newest_fix_is_told_and_that_there_were_others() -> None:
    older = FIX.but(key="fix:b", number=12, at=AT - timedelta(days=40), outcome="not_fixed")
    said = seen_before(recalled(older, FIX.but(outcome="fixed")), "f")
    assert said == "fixed in #47 on 3 November 2026, held, and 1 time before that"


def test_without_a_fix_what_was_learned_is_told_or_how_often_it_was_seen() -> None:
    fault = Memory(
        key="fault:f", kind="fault", text="IndexError in face", fingerprint="f",
        times=12, first_at=AT - timedelta(days=9), at=AT,
    )  # fmt: skip
    seen = "12 times from 25 October 2026 to 3 November 2026; nothing was shipped for it"
    assert seen_before(recalled(fault), "f") == seen
    lesson = FIX.but(key="lesson:a", kind="lesson", text="No edit made the test pass.")
    assert seen_before(recalled(fault, lesson), "f") == (
        "on 3 November 2026, without a fix: No edit made the test pass."
    )


def test_another_failure_was_not_seen_before() -> None:
    assert seen_before(recalled(FIX), "other") == ""
    assert seen_before(recalled(FIX.but(fingerprint="")), "") == ""
    assert seen_before([], "f") == ""


def test_only_shipped_fixes_of_this_failure_that_did_not_hold_are_failed_approaches() -> None:
    failed = FIX.but(outcome="regressed")
    others = (
        FIX.but(key="1", outcome="fixed"),
        FIX.but(key="2"),
        failed.but(key="3", fingerprint="other"),
        failed.but(key="4", kind="note"),
    )
    assert failed_approaches(recalled(*others, failed), "f") == (failed,)
    assert failed_approaches(recalled(failed.but(fingerprint="")), "") == ()


def test_a_note_is_told_as_somebodys_words_on_one_line() -> None:
    note = Memory(key="note:1", kind="note", text="dice\ncount from 1", by="bob", at=AT)
    assert told(note) == "bob noted: dice count from 1"
    assert told(FIX.but(outcome="fixed")) == (
        "fixed in #47 on 3 November 2026, held: count faces from 1"
    )


def test_words_are_stemmed_and_noise_is_none() -> None:
    assert set(terms("Rolling the dice_faces, again: DiceError 404!")) == {
        "roll", "dic", "fac", "404",
    }  # fmt: skip
    assert terms('" AND ( * ^ the it') == ()
    assert terms("骰子坏了 🎲") == ("骰子", "子坏", "坏了", "🎲")


# ------------------------------------------------------------------------------- the same change

BEFORE = "\n".join(["FACES = 'abc'", "", "def face(value):", "    return FACES[value]", ""])
AFTER = BEFORE.replace("[value]", "[value - 1]")


def diff(before: str, after: str, path: str = "dice.py", context: int = 3) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="", n=context
    )
    return "\n".join([f"diff --git a/{path} b/{path}", *lines, ""])


def test_the_same_change_is_known_again_wherever_its_lines_stand_by_then() -> None:
    known = diff_hash(diff(BEFORE, AFTER))
    assert known
    assert known == texts_hash({"dice.py": BEFORE}, {"dice.py": AFTER})
    moved = "import os\n\n\n" + BEFORE
    assert known == diff_hash(diff(moved, "import os\n\n\n" + AFTER, context=0))
    assert known == diff_hash(
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
    assert diff_hash(diff(before, after, path)) != diff_hash(diff(BEFORE, AFTER))


def test_a_change_of_tests_alone_has_no_name() -> None:
    assert diff_hash(diff(BEFORE, AFTER, "tests/test_dice.py")) == ""
    assert diff_hash("") == ""
    assert texts_hash({"dice.py": BEFORE}, {"dice.py": BEFORE}) == ""
