"""A fix that only one test covers is not called proven, however specific that test is."""

from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.baseline import measure_baseline
from theseus_repair.calls import CallOutcome, CallQuestion, RecordedCall, StatedAnswer
from theseus_repair.engine import build_problem
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.model import Candidate, Problem, SourceEdit
from theseus_repair.request import RepairRequest
from theseus_repair.runner import TimeLimits
from theseus_repair.witnesses import Witnesses

pytestmark = pytest.mark.usefixtures("few_plugins")

LIMITS = TimeLimits(10, 3, 30)
SUBJECT = """\
def next_day(day, off=()):
    day += 1
    if day in off:
        day += 1
    return day


def fits(size, most):
    return size < most
"""
CALL = RecordedCall("subject.py", "fits", "fits(3, 3)", "")
SAID = StatedAnswer(CallQuestion(CALL, (CallOutcome("answer", "True"),)), 0)
FAILING = "test_subject.py::test_it"


@pytest.mark.parametrize(
    ("edit", "failing", "passing", "two"),
    [
        # Sleeping two nights skips a day that is no holiday.
        (("1\n    return", "2\n    return"), "next_day(5, (6, 7)) == 8", "next_day(1) == 2", False),
        (("size <", "size <="), "fits(3, 3)", "not fits(4, 3)", True),
    ],
)
async def test_a_passing_test_is_a_witness_of_the_expression_it_looks_at(
    tmp_path: Path, edit: tuple[str, str], failing: str, passing: str, two: bool
) -> None:
    tests = f"def test_it():\n    assert {failing}\n\n\ndef test_other():\n    assert {passing}\n"
    (tmp_path / "subject.py").write_text(SUBJECT)
    (tmp_path / "test_subject.py").write_text(f"from subject import *\n\n\n{tests}")
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    request = RepairRequest(tmp_path, (FAILING,), ("test_subject.py",), limits=LIMITS)
    async with ForkingRunner(tmp_path) as runner:
        problem = build_problem(request, await measure_baseline(request, runner))
        fix = {"subject.py": SUBJECT.replace(*edit)}

        assert await Witnesses(problem, runner, LIMITS).has_two(fix) == two
        assert await Witnesses(problem, runner, LIMITS, stated=[SAID]).has_two(fix)


async def test_of_two_fixes_the_one_is_taken_with_which_no_test_beside_fails(
    tmp_path: Path,
) -> None:
    tests = (
        "def test_it():\n    assert fits(3, 3)\n\n\ndef test_beside():\n    assert not fits(4, 3)\n"
    )
    text = SUBJECT.replace("size <", "size >")
    (tmp_path / "subject.py").write_text(text)
    (tmp_path / "test_subject.py").write_text(f"from subject import *\n\n\n{tests}")
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    at = text.index(">")
    always, right = (
        Candidate((SourceEdit("subject.py", at, at + 1, sign),), "comparison", "")
        for sign in (">=", "<=")
    )
    async with ForkingRunner(tmp_path) as runner:
        witnesses = Witnesses(
            Problem({"subject.py": text}),
            runner,
            LIMITS,
            other_failing=["test_subject.py::test_beside"],
        )

        assert await witnesses.select_fewest_failing([always, right]) == ((right,), ())
        assert await witnesses.select_fewest_failing([always]) == (
            (always,), ("test_subject.py::test_beside",)
        )  # fmt: skip
        rows = [(each, each.apply({"subject.py": text})) for each in (always, right)]
        assert await witnesses.select_passing(rows[1][1], rows) == rows[1:]
        assert await witnesses.select_passing(rows[0][1], rows) == rows


async def test_all_tests_beside_that_fail_are_asked_however_many_they_are(tmp_path: Path) -> None:
    tests = (
        'import pytest\n\n\n@pytest.mark.parametrize("size", range(60))\n'
        "def test_beside(size):\n    assert fits(size, 58) == (size < 59)\n"
    )
    text = SUBJECT.replace("size <", "size >")
    (tmp_path / "subject.py").write_text(text)
    (tmp_path / "test_subject.py").write_text(f"from subject import *\n{tests}")
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    at = text.index("size > most")
    always, right = (
        Candidate((SourceEdit("subject.py", at, at + 11, condition),), "boolean", "")
        for condition in ("True", "size <= most")
    )
    red = [f"test_subject.py::test_beside[{size}]" for size in range(60)]
    async with ForkingRunner(tmp_path) as runner:
        witnesses = Witnesses(Problem({"subject.py": text}), runner, LIMITS, other_failing=red)

        assert await witnesses.select_fewest_failing([always, right]) == ((right,), ())
