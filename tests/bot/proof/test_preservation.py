"""A change that must have no visible effect: how an effect is detected."""

import pytest
from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.records import PlayDifference

from bot.domain.brief import Brief
from bot.proof.preservation import ChangedText, build_preserving_proof, collect_public_names

SAME = BehaviourDiff(answers=9)
DICE = """
FACES = 6
def roll(dice: str, *, times: int = 1) -> int: ...
def _sum() -> int: ...
class Dice:
    limit: int = 3
    def again(self) -> None: ...
    def _hidden(self) -> None: ...
class _Parser: ...
"""
TIDY = DICE.replace("_sum", "_total").replace("...", "pass")


def told(
    *files: ChangedText, found: BehaviourDiff = SAME, request: str = "tidy up the dice"
) -> tuple[bool, str]:
    brief = Brief(request=request, understood="The same, tidier.", proofs=("preserving",))
    proof = build_preserving_proof(brief, found, files)
    return proof.holds, " | ".join((proof.summary, *proof.details))


def dice(after: str, before: str = DICE) -> ChangedText:
    return ChangedText("cogs/dice.py", before, after)


def test_what_other_code_may_use_is_names_and_their_parameters() -> None:
    assert collect_public_names(DICE) == {
        "FACES": "", "roll": "dice: str, *, times: int=1", "Dice": "", "Dice.limit": "",
        "Dice.again": "self",
    }  # fmt: skip
    assert collect_public_names("def (") == {}


def test_what_nobody_notices_holds() -> None:
    new = ChangedText("tests/cogs/test_new.py", None, "def test_it(): ...")
    assert told(dice(TIDY), new) == (
        True, "users see no difference: 0 of 9 answers change, same public names, no test changed",
    )  # fmt: skip


def test_nothing_to_compare_is_said() -> None:
    holds, text = told(dice(TIDY), found=BehaviourDiff())
    assert holds
    assert "no recorded use could be compared" in text


@pytest.mark.parametrize(
    "found",
    [BehaviourDiff(answers=9, changed=1), BehaviourDiff(unplayed="there is no sandbox")],
)
def test_another_answer_or_no_plays_at_all_is_no_proof(found: BehaviourDiff) -> None:
    holds, text = told(dice(TIDY), found=found)
    assert not holds
    assert text == f"users would see a difference: {found.summary}"


def test_the_answers_that_change_are_told_with_before_and_after_each_once() -> None:
    difference = PlayDifference(step=0, before=("dev: 24",), after=("dev: 14",))
    again = [AnswerChange(script=n, asked="/roll 4d6", difference=difference) for n in range(2)]
    other = AnswerChange(script=2, asked="/roll 1d6", difference=difference)
    found = BehaviourDiff(answers=9, changed=3, changes=(*again, other))
    holds, text = told(dice(TIDY), found=found)
    assert not holds
    assert text == (
        "users would see a difference: 3 of 9 answers change: “/roll 4d6” had “dev: 24”, now "
        "“dev: 14” | “/roll 1d6” had “dev: 24”, now “dev: 14”"
    )


@pytest.mark.parametrize(
    ("after", "name"),
    [
        (TIDY.replace("def roll", "def _roll"), "roll"),
        (TIDY.replace("times: int", "number: int"), "roll"),
        (TIDY.replace("def again", "def once_more"), "Dice.again"),
        (TIDY.replace("FACES", "SIDES"), "FACES"),
        ("def (", "Dice"),
    ],
)
def test_a_public_name_that_goes_or_takes_other_things_is_noticed(after: str, name: str) -> None:
    holds, text = told(dice(after))
    assert not holds
    assert f"`cogs/dice.py: {name}`" in text


def test_a_file_that_moves_takes_its_names_along() -> None:
    assert told(ChangedText("cogs/dice.py", DICE, DICE), ChangedText("docs/a.md", "x", "y"))[0]
    assert not told(ChangedText("cogs/dice.py", DICE, None))[0]


def test_a_name_that_was_asked_to_change_may_and_its_tests_follow() -> None:
    renamed = dice(TIDY.replace("def roll", "def throw"))
    test = ChangedText("tests/cogs/test_dice.py", "assert roll(1)", "assert throw(1)")
    more = test._replace(after="assert throw(2)")
    request = "rename roll to throw"
    assert told(renamed, test, request=request)[0]
    assert not told(renamed, more, request=request)[0]
    assert not told(renamed, test)[0]


def test_a_test_that_changes_or_goes_is_noticed() -> None:
    test = ChangedText("tests/cogs/test_dice.py", "assert roll(1)", "assert roll(2)")
    for each in (test, test._replace(after=None)):
        holds, text = told(dice(TIDY), each)
        assert not holds
        assert "tests change: `tests/cogs/test_dice.py`" in text
