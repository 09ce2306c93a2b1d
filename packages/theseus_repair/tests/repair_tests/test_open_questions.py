"""If no expected answer is known, a person is asked and no edit is guessed."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_guard.terminal import create_terminal
from theseus_repair.answer_memo import AnswerMemo, read_memo
from theseus_repair.calls import CallOutcome, CallQuestion, RecordedCall, StatedAnswer
from theseus_repair.clock import MachineClock
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.model import SearchReport
from theseus_repair.open_questions import find_answer_types
from theseus_repair.questions import repair_with_questions
from theseus_repair.request import RepairRequest

pytestmark = pytest.mark.usefixtures("few_plugins")

SHARE = (
    "def share(sweets: int, people: int) -> int:\n    each = sweets // people\n    return each\n"
)
SPIN = (
    'COLOURS = "red green blue".split()\n\n\ndef spin(number: int) -> str:\n'
    "    return COLOURS[number]\n"
)


@dataclass
class Person:
    """Gives this answer to every question, which is stored until then as the bot stores it."""

    answer: str
    asked: list[CallQuestion] = field(default_factory=list)

    async def __call__(self, question: CallQuestion) -> StatedAnswer:
        self.asked.append(question)
        redact = create_terminal("test").redact  # the real one, where it is installed
        stored = read_memo(redact(AnswerMemo(question=question).to_text()))
        said = stored.set_answer(self.answer, "Ada").stated[0]
        return replace(said, question=replace(said.question, ends=question.ends))


async def mended(folder: Path, text: str, call: str, person: Person | None) -> SearchReport:
    """Return what the search finds for a test that makes the call and asserts nothing."""
    name = call.partition("(")[0]
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    (folder / "subject.py").write_text(text)
    (folder / "test_failure.py").write_text(
        f"from subject import {name}\n\n\ndef test_failure() -> None:\n    {call}\n"
    )
    request = RepairRequest(
        folder,
        ("test_failure.py::test_failure",),
        allowed=("subject.py",),
        seconds=40,
        write=False,
    )
    async with ForkingRunner(folder) as runner:
        return await repair_with_questions(request, runner, MachineClock(), ask=person)


@pytest.mark.slow
async def test_the_answer_to_a_call_that_always_failed_makes_a_fix_of_an_edit(
    tmp_path: Path,
) -> None:
    person = Person("0")
    report = await mended(tmp_path, SHARE, "share(7, 0)", person)

    (question,) = person.asked
    assert (question.text, question.now) == (
        "`share(7, 0)` should answer:",
        "raises ZeroDivisionError",
    )
    assert "0" in question.choices
    assert report.fix is not None
    assert (report.proof, report.label) == ("answer", "plausible")
    names: dict[str, object] = {}
    exec(report.files["subject.py"], names)  # noqa: S102 - an edit of the text above
    assert eval("share(7, 0), share(7, 2)", names) == (0, 3)  # noqa: S307


@pytest.mark.slow
async def test_where_nobody_answers_or_no_answer_is_right_no_edit_is_found(tmp_path: Path) -> None:
    silent = await mended(tmp_path, SPIN, "spin(3)", None)
    person = Person("neither")
    refused = await mended(tmp_path, SPIN, "spin(3)", person)

    assert silent.fix is None
    assert silent.question is not None
    assert silent.question.choices == ("''", "'blue'", "neither")
    assert refused.fix is None
    assert len(person.asked) == 1


@pytest.mark.slow
async def test_a_value_that_no_edit_answered_is_put_in(tmp_path: Path) -> None:
    report = await mended(tmp_path, SPIN, "spin(3)", Person("'none'"))

    assert report.fix is not None
    assert [said.description for said in report.stated] == [
        "Ada said that `spin(3)` answers 'none'."
    ]
    names: dict[str, object] = {}
    exec(report.files["subject.py"], names)  # noqa: S102 - an edit of the text above
    assert eval("spin(3), spin(1)", names) == ("none", "green")  # noqa: S307


def test_0_and_0_0_are_one_answer_and_yes_and_1_are_two() -> None:
    whole, broken, yes = (CallOutcome("answer", each, each, each) for each in ("0", "0.0", "False"))

    assert whole.is_like(broken)
    assert not whole.is_like(yes)
    assert not whole.is_like(CallOutcome("raise", "raises ValueError", "ValueError"))


def test_one_answer_is_denied_in_plain_words_and_a_question_is_kept_as_text(tmp_path: Path) -> None:
    call = RecordedCall("subject.py", "share", "share(7, 0)", "", module="subject")
    answers = (CallOutcome("answer", "0", "0", "0"),)
    question = CallQuestion(call, answers, now="raises ZeroDivisionError")
    memo = read_memo(AnswerMemo(question=question).to_text())

    assert memo.question == question
    assert memo.set_answer("nothing of the kind", "Ada").stated == ()
    (said,) = memo.set_answer("something else", "Ada").stated
    assert said.description == "Ada said that `share(7, 0)` does not answer 0."


@pytest.mark.parametrize(
    ("returns", "types"),
    [
        ("int", {"int"}),
        ("float", {"float", "int"}),
        ("list[str] | None", {"list", "None"}),
        ("Reply", set()),
        ("Reply | None", set()),
        ('"int"', set()),
    ],
)
def test_an_answer_has_to_be_of_a_type_that_the_function_says_it_answers(
    returns: str, types: set[str]
) -> None:
    text = f"class Cog:\n    async def ask(self) -> {returns}:\n        pass\n"

    assert find_answer_types(text, "Cog.ask") == types
    assert find_answer_types(text, "ask") == frozenset()
