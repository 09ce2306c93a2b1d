"""An edit that passes all tests without other evidence is shown but never proposed."""

from pathlib import Path

import pytest
from repair_tests.one_module import PATH, OneModule
from repair_tests.test_candidate_gate import COMPUTED, TWO_OF_A_COMMIT, Planted, search
from theseus_repair.behaviour import Behaviour, BehaviourComparison
from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.candidate_gate import CandidateGate, Ruling
from theseus_repair.explain import explain
from theseus_repair.model import Candidate, ChangedCall, RefusedCandidate, SearchReport, SourceEdit
from theseus_repair.runner import TimeLimits
from theseus_repair.selection import ConfirmedCandidate, SelectedFix
from theseus_repair.unverified import build_unverified_fix

CALL = RecordedCall("subject.py", "nth", "nth(['a'], 1)", "", tests=("call",))
EDIT = Candidate((SourceEdit(PATH, 0, 1, "x"),), "index", "replace `at` by `at - 1`", line=2)
OTHER = Candidate((SourceEdit(PATH, 0, 1, "y"),), "index", "replace `at` by `at + 1`", line=2)
RAISES = CallOutcome("raise", "raises IndexError", "1")


async def test_an_edit_that_only_a_person_can_judge_is_shown_with_the_reason(
    tmp_path: Path,
) -> None:
    report = await search(COMPUTED, tmp_path)

    assert report.fix is None
    assert report.unverified is not None
    assert report.unverified.files == {PATH: COMPUTED.text.replace("[at]", "[at - 1]")}
    assert "no existing test would notice" in report.unverified.reason
    assert "Found, not proven: replace `at` by `at - 1`" in explain(report)
    assert "Proven:" not in explain(report)


DOUBTED = {
    "answers with a fixed value": Planted(
        "def share(votes, count):\n    return votes * 100 // count\n",
        "share(0, 0)",
        {"half": "assert share(1, 2) == 50"},
    ),
    "swallows an error": Planted(
        "def amount(text):\n    try:\n        return int(text)\n    except TypeError:\n"
        "        return 1\n",
        "amount('many')",
        {"three": "assert amount('3') == 3"},
    ),
    "takes a missing name for nothing": Planted(
        "def greet(member):\n    return 'Hello ' + member.title()\n",
        "greet(None)",
        {"known": "assert greet('ann') == 'Hello Ann'"},
    ),
}


@pytest.mark.parametrize("doubt", DOUBTED)
async def test_an_edit_with_a_concrete_doubt_stays_rejected(doubt: str, tmp_path: Path) -> None:
    report = await search(DOUBTED[doubt], tmp_path)

    assert (report.fix, report.unverified) == (None, None)
    assert report.refused


LABEL = "def label(name, loud):\n    if not loud:\n        return name.upper()\n    return name\n"


async def test_a_condition_turned_round_is_not_left_for_people_to_judge() -> None:
    runner = OneModule(LABEL, {"call": "label(None, False)", "loud": "assert label('a', 1) == 'a'"})
    gate = CandidateGate({PATH: LABEL}, runner, ("call",), ("loud",), TimeLimits(), answered=False)
    turned = await gate.judge({PATH: LABEL.replace("not loud", "loud")})
    computed = await gate.judge({PATH: LABEL.replace("name.upper()", "str(name)")})

    assert (turned.allowed, turned.unjudged) == (False, False)
    assert (computed.allowed, computed.unjudged) == (False, True)


SCORE = "async def score(bot, say):\n    return await say(str(await bot.pool.fetch(1)))\n"


@pytest.mark.parametrize(
    ("edited", "unjudged"),
    [
        ("await say(bot)", False),
        ("await say(str(bot))", False),
        ("say(str(await bot.pool.fetch(1)))", False),
        ("await say(str(await bot.fetch(1)))", True),
        ("await say(repr(await bot.pool.fetch(1)))", True),
    ],
)
async def test_an_edit_that_takes_a_call_or_an_await_out_is_not_left_for_people_to_judge(
    edited: str, unjudged: bool
) -> None:
    runner = OneModule(SCORE, {"call": "score(None, None)"})
    gate = CandidateGate({PATH: SCORE}, runner, ("call",), (), TimeLimits(), answered=False)
    text = SCORE.replace("await say(str(await bot.pool.fetch(1)))", edited)

    assert (await gate.judge({PATH: text})).unjudged is unjudged


async def test_a_fix_that_is_proven_is_no_unproven_one(tmp_path: Path) -> None:
    report = await search(TWO_OF_A_COMMIT, tmp_path)

    assert report.fix is not None
    assert report.unverified is None


def comparison() -> BehaviourComparison:
    runner = OneModule("", {})
    made = BehaviourComparison(runner, {}, (), frozenset({"call"}), TimeLimits())
    made.calls, made.base = (CALL,), (RAISES,)
    return made


def selected(behaviour: Behaviour) -> SelectedFix:
    files = {PATH: "x"}
    return SelectedFix(ConfirmedCandidate(EDIT, files, Ruling(allowed=False)), behaviour, (CALL,))


def report_of(*refused: Candidate, considered: int = 319) -> SearchReport:
    return SearchReport(
        None, {}, "exhausted", {"index": considered}, (), 319, 1.0, considered=considered,
        refused=tuple(RefusedCandidate(each, "nobody knows") for each in refused), failing=1,
    )  # fmt: skip


def test_its_new_answers_are_shown_and_what_speaks_for_it() -> None:
    answers = CallOutcome("answer", "'a'", "2")
    report = report_of(EDIT)
    found = build_unverified_fix(
        report, selected(Behaviour(outcomes=(answers,))), comparison(), frozenset({"call"}), "why"
    )

    assert found is not None
    assert found.answers == (ChangedCall(CALL.text, RAISES.text, "'a'"),)
    assert found.against == ()
    text = explain(SearchReport(
        None, {}, "exhausted", {"index": 319}, (), 319, 1.0, considered=319,
        refused=report.refused, failing=1, unverified=found,
    ))  # fmt: skip
    assert "Of the 319 edits I tried, only this one passes the tests." in text
    assert "`nth(['a'], 1)` answers 'a' with this edit (before: raises IndexError)." in text


def test_other_edits_that_pass_and_a_short_search_speak_against_it() -> None:
    behaviour = Behaviour(outcomes=(CallOutcome("unknown"),))
    report = report_of(EDIT, OTHER, considered=200)
    found = build_unverified_fix(
        report, selected(behaviour), comparison(), frozenset({"call"}), "why"
    )

    assert found is not None
    assert found.answers == ()
    assert found.against == (
        "1 other edits also pass the tests, for example replace `at` by `at + 1`",
        "only 200 of 319 edits were tried",
    )


def test_an_edit_with_which_a_call_ends_worse_is_not_shown() -> None:
    worse = Behaviour(broken=(ChangedCall("nth(['a'], 0)", "'a'", "raises IndexError"),))

    assert (
        build_unverified_fix(report_of(EDIT), selected(worse), comparison(), frozenset(), "why")
        is None
    )
