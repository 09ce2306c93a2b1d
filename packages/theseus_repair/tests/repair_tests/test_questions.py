"""Edits that no test distinguishes are distinguished by a question to a person."""

import ast
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.call_source.result import build_result_test
from theseus_repair.call_source.target import SourceCall
from theseus_repair.calls import (
    CallOutcome,
    CallQuestion,
    RecordedCall,
    StatedAnswer,
    choose_question,
)
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.report import RepairReport
from theseus_repair.runner import FunctionPlace, TimeLimits
from theseus_repair.terminal_questions import TerminalQuestions

pytestmark = pytest.mark.usefixtures("few_plugins")

AREA = "def area(width, height):\n    return width + height\n"
AREA_TEST = "from subject import area\n\n\ndef test_it():\n    assert area(3, 0) == 0\n"


def call(text: str, arguments: Mapping[str, str] | None = None) -> RecordedCall:
    given = {"n": "1"} if arguments is None else arguments
    return RecordedCall("subject.py", "f", text, "", module="subject", arguments=given)


def cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def ends(*answers: object) -> list[CallOutcome]:
    """Return how calls end: with these answers, an exception's name, or not to be known (`...`)."""
    return [
        CallOutcome("unknown")
        if answer is ...
        else CallOutcome("raise", f"raises {answer.__name__}", answer.__name__)
        if isinstance(answer, type)
        else CallOutcome("answer", cut(repr(answer)), f"{answer!r} left", repr(answer))
        for answer in answers
    ]


def test_the_call_that_tells_most_candidates_apart_is_asked_about() -> None:
    calls = [call("f(1)"), call("f(2)"), call("f(3)")]

    question = choose_question(calls, [ends(1, 1, 7), ends(1, 2, 8), ends(2, ValueError, 8)])

    assert question is not None
    assert question.text == "`f(2)` should answer:"
    assert question.choices == ("1", "2", "raises ValueError", "neither")


@pytest.mark.parametrize(
    ("text", "arguments", "one", "other"),
    [
        ("f(1)", None, 1, 1),
        ("f(1)", None, 1, ...),
        ("f(1)", None, ..., 1),
        ("f(<shop.Cart object>)", {}, 1, 2),
        ("f([1, 2, 3...)", {}, 1, 2),
        ("f('aaaa...)", {"n": "'aaaaaaaa'"}, 1, 2),
        ("f(1)", None, "a" * 90, 1),
        ("f('`@everyone`')", None, 1, 2),
    ],
    ids=[
        "alike",
        "unknown",
        "unknown-fix",
        "an-object",
        "cut",
        "cut-literal",
        "cut-answer",
        "marked-up",
    ],
)
def test_what_nobody_can_answer_is_not_asked(
    text: str, arguments: Mapping[str, str] | None, one: object, other: object
) -> None:
    assert choose_question([call(text, arguments)], [ends(one), ends(other)]) is None


def test_a_candidate_that_answers_otherwise_than_was_said_is_refused_with_the_reason() -> None:
    right, wrong, third = ends(4, 3, 9)
    question = CallQuestion(call("area(4, 1)"), (right, wrong))
    said, neither = StatedAnswer(question, 0, by="Ada"), StatedAnswer(question, None)

    assert said.find_conflict(right) == ""
    assert said.find_conflict(wrong) == "`area(4, 1)` answers 3 with it, but Ada said otherwise"
    assert "cannot be replayed" in said.find_conflict(CallOutcome("unknown"))
    assert said.description == "Ada said that `area(4, 1)` answers 4."
    assert [bool(neither.find_conflict(each)) for each in (right, wrong, third)] == [
        True,
        True,
        False,
    ]
    assert neither.description == "You said that `area(4, 1)` answers neither 4 nor 3."


async def repaired(folder: Path, *said: str) -> tuple[RepairReport, list[CallQuestion]]:
    """Return the report where these are the answers a person gives, one after the other."""
    (folder / "subject.py").write_text(AREA)
    (folder / "test_subject.py").write_text(AREA_TEST)
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    asked: list[CallQuestion] = []

    async def ask(question: CallQuestion) -> StatedAnswer | None:
        asked.append(question)
        width, height = map(int, question.call.arguments.values())
        right = str({"product": width * height, "absurd": -12345}[said[0]])
        told = [answer.text for answer in question.answers]
        return StatedAnswer(question, told.index(right) if right in told else None)

    report = await repair(
        folder, "pytest test_subject.py", seconds=60, apply=True, accept="plausible",
        clock=MachineClock(), ask=ask,
    )  # fmt: skip
    return report, asked


@pytest.mark.slow
async def test_what_a_person_says_picks_the_edit_and_stays_as_a_test(tmp_path: Path) -> None:
    report, asked = await repaired(tmp_path, "product")

    assert 1 <= len(asked) <= 3
    assert "return width * height" in (tmp_path / "subject.py").read_text()
    assert f"You said that `{asked[0].call.text}` answers" in report.explanation
    (added,) = [path for path in report.files if path.startswith("test_area_answer_")][:1]
    assert "area(" in (tmp_path / added).read_text()
    assert f"+++ b/{added}" in report.diff
    assert "said otherwise" in {refused["label"] for refused in report.refused}
    assert all("You said otherwise" not in str(refused) for refused in report.refused)


@pytest.mark.slow
async def test_where_neither_is_right_both_are_refused(tmp_path: Path) -> None:
    report, asked = await repaired(tmp_path, "absurd")

    assert "answers neither" in report.explanation
    assert "said otherwise" in {refused["label"] for refused in report.refused}
    assert not [path for path in report.files if path.startswith("test_area_answer_")]
    names: dict[str, Any] = {}
    exec((tmp_path / "subject.py").read_text(), names)  # noqa: S102 - an edit of the text above
    for question in asked if report.applied else ():
        given = map(int, question.call.arguments.values())
        assert repr(names["area"](*given)) not in {answer.text for answer in question.answers}


def test_a_stated_answer_is_written_as_a_test_in_the_repositorys_way() -> None:
    frame = SourceCall(file="shop/cart.py", line=0, function="area", module="shop.cart",
                  arguments={"width": "4", "height": "1"})  # fmt: skip
    plain = build_result_test(AREA, frame, name="test_area", doc="Said.", answer="4")
    typed = "def area(width: int, height: int) -> int:\n    return width + height\n"

    assert plain == (
        "from shop import cart\n\n\ndef test_area() -> None:\n"
        '    """Said."""\n    answer = cart.area(4, 1)\n    assert answer == 4\n'
    )
    assert build_result_test(typed, frame, name="test_area", doc="Said.", answer="4") == plain
    raising = (
        build_result_test(AREA, frame, name="test_area", doc="Said.", raises="ValueError") or ""
    )
    assert raising.startswith("import pytest\n\nfrom shop import cart\n\n\n")
    assert "    with pytest.raises(ValueError):\n        cart.area(4, 1)\n" in raising
    assert build_result_test(AREA, frame, name="test_area", doc="Said.", raises="exit") is None
    none = build_result_test(AREA, frame, name="test_area", doc="Said.", answer="None") or ""
    assert "assert answer is None" in none
    attack = build_result_test(
        AREA, frame, name="test_area", doc="Said.", answer="__import__('os')"
    )
    assert attack is None


async def test_an_argument_that_is_called_end_ends_no_recording(tmp_path: Path) -> None:
    """The child's last record has that very name."""
    (tmp_path / "subject.py").write_text("def upto(end):\n    return end\n")
    test = "from subject import upto\n\n\ndef test_it():\n    assert upto(2)\n"
    (tmp_path / "test_subject.py").write_text(test)
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    async with ForkingRunner(tmp_path) as runner:
        places = [FunctionPlace("subject.py", 1, "upto")]
        calls = await runner.record_calls(["test_subject.py"], places, TimeLimits(10, 10, 30))

    assert [each.text for each in calls][:2] == ["upto(2)", "upto(3)"]
    assert [ast.literal_eval(each.arguments["end"]) for each in calls][:2] == [2, 3]
    assert {each.module for each in calls} == {"subject"}


@pytest.mark.parametrize(
    ("typed", "right"),
    [("b\n", 1), ("x\nA)\n", 0), ("c\n", "neither"), ("\n", "open"), ("", "open")],
    ids=["letter", "after-a-slip", "neither", "enter", "end"],
)
async def test_a_terminal_is_asked_by_letters(typed: str, right: object) -> None:
    question = CallQuestion(call("area(4, 1)"), tuple(ends(4, 3)))
    shown: list[str] = []
    reading, writing = os.pipe()
    os.write(writing, typed.encode())
    os.close(writing)
    with os.fdopen(reading, buffering=1) as stdin:
        said = await TerminalQuestions(lambda: None, shown.append, stdin)(question)

    assert "`area(4, 1)` should answer:\n  a) 4\n  b) 3\n  c) neither" in shown[0]
    if right == "open":
        assert said is None
    else:
        assert said == StatedAnswer(question, None if right == "neither" else int(str(right)))
