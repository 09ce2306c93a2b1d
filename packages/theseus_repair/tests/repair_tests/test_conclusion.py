"""An inverted condition is proposed only if nothing else passes and nothing breaks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS, write
from theseus_repair.behaviour import BehaviourComparison
from theseus_repair.candidate_gate import CandidateGate
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.conclusion import FixAssessor
from theseus_repair.confirmation import Confirmation
from theseus_repair.explain import explain
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.judge import TestJudge
from theseus_repair.model import Candidate, Crash, Problem, SearchReport, SourceEdit
from theseus_repair.runner import TimeLimits
from theseus_repair.witnesses import Witnesses

pytestmark = pytest.mark.usefixtures("few_plugins")

LIMITS = TimeLimits(10, 3, 30)
# `loud` was intended to be loud.
SUBJECT = """\
def label(name, loud, limit=None):
    if not loud:
        name = name.upper()
    if limit is not None:
        name = name[:limit]
    return name
"""
TESTS = """\
from subject import label


def test_quiet():
    assert label("ann", False) == "ann"


def test_number():
    assert label("12", False) == "12"
"""
FAILING, PASSING = "test_subject.py::test_quiet", "test_subject.py::test_number"
MEANT = ("not loud", "loud")
OTHERWISE = ("not loud", "limit is not None")
HASTY = ("name.upper()", "str(name)")
HARMFUL = ("not loud:\n", "loud or name[1] == name:\n")  # an empty name has no second letter


def candidate(old: str, new: str, subject: str = SUBJECT) -> Candidate:
    start = subject.index(old)
    return Candidate((SourceEdit("subject.py", start, start + len(old), new),), "negation", "turn")


async def concluded(
    folder: Path,
    *edits: tuple[str, str],
    considered: int = 80,
    cut: bool = False,
    subject: str = SUBJECT,
    tests: str = TESTS,
    failing: Sequence[str] = (FAILING,),
    passing: Sequence[str] = (PASSING,),
) -> SearchReport:
    """Return the conclusion about these edits, if the gate has seen them and no other edit passes.

    `considered` of 80 edits were considered; `cut` means that the search ran out of time.
    """
    (folder / "subject.py").write_text(subject)
    (folder / "test_subject.py").write_text(tests)
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    texts = {"subject.py": subject}
    async with ForkingRunner(folder) as runner:
        gate = CandidateGate(
            texts, runner, failing, [*passing, *failing], LIMITS, answered=True, written=True
        )
        confirmation = Confirmation(
            folder, texts, runner, gate, reproduction=failing, guards=passing, limits=LIMITS
        )
        found = [candidate(*each, subject) for each in edits]
        confirmed = [each for each in found if await confirmation(each, each.apply(texts))]
        red = frozenset(failing)
        comparison = BehaviourComparison(runner, texts, [*failing, *passing], red, LIMITS)
        judge = TestJudge(runner, failing, passing, LIMITS, LIMITS)
        problem = Problem(texts, (Crash("AssertionError"),), failing=red)
        witnesses = Witnesses(problem, runner, LIMITS)
        conclusion = FixAssessor(problem, comparison, judge, confirmation, witnesses, written=True)
        report = SearchReport(
            None, {}, "exhausted", {"negation": 1}, (), 1, 1.0, refused=tuple(confirmation.refused)
        )
        if confirmed:
            report = replace(
                report, fix=confirmed[0], proposed=80, considered=considered,
                confirmed=tuple(confirmed), cut=cut,
            )  # fmt: skip
        return await conclusion.assess(report)


async def test_a_condition_turned_round_is_given_with_its_doubt_where_it_alone_passes(
    tmp_path: Path,
) -> None:
    report = await concluded(tmp_path, MEANT)

    assert report.files["subject.py"] == SUBJECT.replace("not loud", "loud")
    assert (report.label, report.refused) == ("plausible", ())
    assert "Plausible: it inverts or drops a condition" in explain(report)
    assert "no existing test would notice" in explain(report)


@pytest.mark.slow
@pytest.mark.parametrize(
    "edits", [(MEANT, OTHERWISE), (HARMFUL,)], ids=["another answers otherwise", "calls break"]
)
async def test_it_stays_refused_where_that_is_a_guess_or_harms(
    tmp_path: Path, edits: tuple[tuple[str, str], ...]
) -> None:
    report = await concluded(tmp_path, *edits)

    assert report.fix is None
    assert len(report.refused) == len(edits)
    # A person may know which condition is right.
    guess = len(edits) > 1
    assert set(report.unanswered) == ({candidate(*each) for each in edits} if guess else set())
    assert bool(report.question) == guess
    if report.question:
        ours, theirs = (each.text for each in report.question.ends)
        assert ours != theirs


async def test_what_passes_before_others_had_their_turn_is_not_called_proven(
    tmp_path: Path,
) -> None:
    report = await concluded(tmp_path, HASTY, considered=19)
    assert (report.label, "19 of 80 edits were tried" in explain(report)) == ("plausible", True)


async def test_what_passes_when_time_is_up_is_not_called_proven(tmp_path: Path) -> None:
    report = await concluded(tmp_path, HASTY, cut=True)
    assert (report.label, "time was up before" in explain(report)) == ("plausible", True)


async def test_what_is_doubted_but_passes_as_well_is_a_rival(tmp_path: Path) -> None:
    report = await concluded(tmp_path, HASTY, MEANT)
    assert (report.label, "replace" in report.files["subject.py"]) == ("plausible", False)
    assert [each.files["subject.py"] for each in report.rivals] == [SUBJECT.replace(*MEANT)]


MONTHS = """\
import datetime


def later(day, count):
    month = day.month - 1 + count
    last = 31
    return datetime.date(day.year, month % 12 + 1, min(day.day, last))
"""
DATES = """\
import datetime
from subject import later

D = datetime.date


def test_april():
    assert later(D(2023, 3, 31), 1) == D(2023, 4, 30)


def test_september():
    assert later(D(2023, 8, 31), 1) == D(2023, 9, 30)


def test_plain():
    assert later(D(2023, 1, 15), 1) == D(2023, 2, 15)
"""


@pytest.mark.slow
async def test_what_mends_a_crash_and_moves_answers_no_test_looks_at_is_not_called_proven(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"subject.py": MONTHS, "test_it.py": DATES, "pyproject.toml": PYTEST_OPTIONS})

    report = await repair(
        tmp_path, "pytest -q test_it.py", seconds=30, accept="plausible", clock=MachineClock()
    )

    assert report.repaired  # 30 days for all months, or one day less for each that is counted
    assert report.label == "plausible"


COSTS = """\
def free(goods, member):
    return member or goods >= 50


def cost(goods, member=False, express=False, digital=False):
    if digital or free(goods, member):
        return 0
    return 10 if express else 5
"""
COST_TESTS = """\
from subject import cost


def test_member_by_express():
    assert cost(10, True, True) == 10


def test_much_by_express():
    assert cost(60, express=True) == 10


def test_member():
    assert cost(10, True) == 0


def test_much():
    assert cost(60) == 0


def test_little():
    assert cost(10) == 5


def test_digital():
    assert cost(10, digital=True) == 0
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "label"),
    [
        (("digital or free(goods, member)", "(digital or free(goods, member)) and not express"),
         "plausible"),
        (("digital or free(goods, member)", "digital or free(goods, member) > express"), "proven"),
    ],
)  # fmt: skip
async def test_a_condition_joined_to_another_is_not_proven_where_untested_calls_answer_otherwise(
    edit: tuple[str, str], label: str, tmp_path: Path
) -> None:
    failing = ["test_subject.py::test_member_by_express", "test_subject.py::test_much_by_express"]
    passing = ["member", "much", "little", "digital"]
    report = await concluded(
        tmp_path, edit, subject=COSTS, tests=COST_TESTS, failing=failing,
        passing=[f"test_subject.py::test_{each}" for each in passing],
    )  # fmt: skip
    assert report.label == label, explain(report)
    assert ("0 before, 10 with this edit" in explain(report)) == (label == "plausible")
