"""A proven fix has more evidence than chance would give, and its losses are stated."""

import math
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from repair_tests.test_command import git, repaired
from theseus_repair.calls import CallOutcome, CallQuestion, RecordedCall, StatedAnswer
from theseus_repair.evidence import AnswerEvidence, Ended, measure_evidence
from theseus_repair.model import Crash
from theseus_repair.neighbour_edits import iterate_other_values, iterate_value_twins
from theseus_repair.removals import is_only_removal
from theseus_repair.report import RepairReport

pytestmark = pytest.mark.usefixtures("few_plugins")

ASKED = Crash("AssertionError", "assert False\n +  where False = newer('1.10', '1.9')")


def ended(told: str, test: str, *, how: str = "answer", arguments: bool = True) -> Ended:
    """Return a call that a test makes, and that ends so."""
    given = {"at": "1"} if arguments else {}
    call = RecordedCall("subject.py", "f", "f(1)", "", (test,), arguments=given)
    return call, CallOutcome(how, told, told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "bits"),
    [
        (ended("True", "one"), 1),
        (ended("raises KeyError", "one", how="raise"), 1),
        (ended("None", "one"), 1),
        (ended("None", "one", arguments=False), 4 * math.log2(10)),  # it leaves something behind
        (ended("'9.99'", "one"), 6 * math.log2(10)),
        (ended("'9.99'", "another"), 1),  # of the test that looks no call is known
    ],
)
def test_a_test_tells_no_more_than_its_answer_holds(call: Ended, bits: float) -> None:
    assert measure_evidence([call], ["one"], {}) == AnswerEvidence(1, bits)


def test_what_a_failing_test_asks_bounds_what_its_calls_tell() -> None:
    calls = [ended("'1.10'", "one"), ended("'1.9'", "one")]

    assert measure_evidence(calls, ["one"], {"one": ASKED}).bits == 2
    assert (
        measure_evidence([], ["one"], {"one": Crash("AssertionError", "assert 3 == 25")}).bits > 6
    )
    assert measure_evidence([], ["one"], {"one": Crash("KeyError", "'a'")}).bits == 1


def test_what_a_person_said_counts_as_the_answer_they_took() -> None:
    call, outcome = ended("'9.99'", "one")
    question = CallQuestion(call, (outcome, CallOutcome("answer", "'1'", "1")))

    said = [StatedAnswer(question, 0), StatedAnswer(question, None)]
    assert measure_evidence([], [], {}, said).bits == pytest.approx(6 * math.log2(10) + 1)


def test_of_many_edits_a_wrong_one_is_soon_among_those_that_pass() -> None:
    assert AnswerEvidence(5, 5).find_doubt(31) == ""
    assert "5 yes-or-no answers, and 32 edits were tried" in AnswerEvidence(5, 5).find_doubt(32)
    assert "1 yes-or-no answer" in AnswerEvidence(1, 1).find_doubt(32)
    assert "2 short answers" in AnswerEvidence(2, 4.3).find_doubt(32)


async def proposed(folder: Path, *versions: tuple[str, str], tests: str) -> RepairReport:
    """Return what is proposed for the last of these versions, each a commit: message and text."""
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    git(folder, "init", "-q")
    for message, text in versions:
        (folder / "shop.py").write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", message)
    (folder / "test_shop.py").write_text(f"from shop import *\n{tests}")
    return await repaired(folder, "pytest test_shop.py")


async def test_three_times_yes_or_no_prove_no_edit(tmp_path: Path) -> None:
    report = await proposed(
        tmp_path,
        ("Start", 'def newer(a, b):\n    return a.split(".") > b.split(".")\n'),
        tests='def test_ten(): assert newer("1.10", "1.9")\n'
        'def test_same(): assert not newer("1.2", "1.2")\n'
        'def test_older(): assert not newer("1.9", "1.10")\n',
    )
    assert report.label == "plausible"
    assert "3 yes-or-no answers" in report.explanation


TWICE = "def twice(x, most=999):\n    return min(most, x * 2 - 1)\n"
TWICE_TESTS = "".join(f"def test_{n}(): assert twice({n}) == {2 * n}\n" for n in (35, 40))


@pytest.mark.slow
async def test_what_is_only_taken_away_is_shown_where_no_passing_test_looks_at_what_is_left(
    tmp_path: Path,
) -> None:
    text = "def twice(x):\n    return x * 2 - 1\n"
    tests = f"{TWICE_TESTS}def test_below(): assert twice(-9) == -18\n"
    report = await proposed(tmp_path, ("Start", text), tests=tests)

    assert report.label == "plausible"
    assert "it only removes code" in report.explanation
    assert "`twice(36)`: 71 before, 72 with this edit" in report.explanation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "tests", "told"),
    [
        (TWICE, f"{TWICE_TESTS}def test_700(): assert twice(700) == 999\n", "Proven: "),
        (
            "def is_leap(year):\n    return year % 4 == 0\n",
            "".join(f"def test_{y}(): assert is_leap({y}) == {y == 2024}\n"
                    for y in (2024, 2023, 1900, 2100)),
            "replace `8` by `11`",
        ),
        (
            "def unique(names):\n    return list(set(names))\n",
            "def test_all(): assert unique(list('abbcdefgh')) == list('abcdefgh')\n"
            "def test_some(): assert unique(list('ijkklmno')) == list('ijklmno')\n"
            "def test_none(): assert unique([]) == []\n",
            "with replace `list` by `sorted`",
        ),
        (
            "def per_head(total, people):\n    return total // people\n",
            "def test_rest(): assert per_head(10, 3) == 5\n"
            "def test_more(): assert per_head(12, 4) == 4\n"
            "def test_big(): assert per_head(101, 11) == 10\n",
            "`per_head(10, 1)`: 10 before, raises ZeroDivisionError with this edit",
        ),
    ],
    ids=["a passing test looks at it", "another number", "order", "one"],
)  # fmt: skip
async def test_what_speaks_against_it_is_what_is_wrong_with_it(
    tmp_path: Path, text: str, tests: str, told: str
) -> None:
    report = await proposed(tmp_path, ("Start", text), tests=tests)

    assert told in report.explanation
    assert (report.label == "proven") == told.startswith("Proven")


def test_what_takes_away_is_told_by_what_is_left() -> None:
    before = {"m.py": "def f(x, rate=15):\n    return g(x) + 1  # one\n"}

    for old, new in (("g(x)", "x"), (" + 1", ""), ("15", "0"), ("g(x)", "None")):
        assert is_only_removal(before, {"m.py": before["m.py"].replace(old, new)})
    for old, new in (("15", "150"), ("+ 1", "- 1"), ("# one", ""), ("g(x)", "g(x, 0)")):
        assert not is_only_removal(before, {"m.py": before["m.py"].replace(old, new)})


def test_a_number_that_was_edited_has_others_far_off_beside_it_and_a_condition_both_truths() -> (
    None
):
    before = {"m.py": "def f(x, y):\n    if x in y:\n        return 3\n    return x % 4\n"}
    number = {"m.py": before["m.py"].replace("% 4", "% 8")}
    condition = {"m.py": before["m.py"].replace("in y", "in x")}

    numbers = [files["m.py"] for _, files in iterate_other_values(before, number)]
    assert {before["m.py"].replace("% 4", f"% {other}") for other in (11, 16, 24, 80)} <= {*numbers}
    assert all("return 3" in text for text in numbers)
    name = {"m.py": before["m.py"].replace("x % 4", "x % 4 - y")}
    named = {files["m.py"] for _, files in iterate_other_values(before, name)}
    assert {before["m.py"].replace("% 4", f"% 4 - {twin}") for twin in (0, 1, 2)} <= named
    held = [files["m.py"] for _, files in iterate_other_values(before, condition)]
    assert held == [before["m.py"].replace("x in y", truth) for truth in ("True", "False")]


PLAIN = "def seats(count):\n    return list(range(count))\n"
REFUSING = """\
def seats(count):
    if count > 9:
        raise ValueError("too many")
    return list(range(count))
"""
SEATS = "".join(f"def test_{n}(): assert len(seats({n})) == {n}\n" for n in (3, 9, 11, 500))


@pytest.mark.slow
async def test_a_refusal_that_a_commit_brought_is_not_taken_back_as_proven(tmp_path: Path) -> None:
    subject = "Refuse more than nine seats, key ghp_" + 36 * "a"
    report = await proposed(tmp_path, ("Start", PLAIN), (subject, REFUSING), tests=SEATS)

    assert (report.proof, report.label) == ("undo", "plausible")
    assert "so its purpose is lost: “Refuse more than nine seats, key" in report.explanation
    assert "ghp_a" not in report.explanation
    assert "`seats(12)`: raises ValueError before" in report.explanation


def test_what_has_the_same_value_where_tests_look_is_put_in_the_place_of_what_was_edited() -> None:
    square = (
        "class A:\n    def f(self):\n        self.width = 1\n        return range(self.high{})\n"
    )
    [board] = twins_of(square.format(" - 1"), square.format(""))
    assert board == square.format("").replace("self.high)", "self.width)")

    growing = "def f(base, i):\n    return base * {}\n"
    assert growing.format("(i ** 2 + 1)") in twins_of(
        growing.format("i"), growing.format("(i + 1)")
    )

    nearest = "def f(x):\n    return {}(x)\n"
    rounded = twins_of(nearest.format("int"), nearest.format("round"))
    assert "def f(x):\n    return int(x + 0.5)\n" in rounded

    asked = "def f(x, y):\n    if {}:\n        return y\n"
    for truth, none in (("x.a", "x.a is not None"), ("not x.a", "x.a is None")):
        assert asked.format(none) in twins_of(asked.format("y"), asked.format(truth))
        assert asked.format(truth) in twins_of(asked.format("y"), asked.format(none))

    apart = "def f(start, end):\n    return ({})\n"
    turned = apart.format("start - end"), apart.format("end - start")
    assert apart.format("abs(end - start)") in twins_of(*turned)
    assert apart.format("abs(start - end)") not in twins_of(apart.format("start + end"), turned[0])


def twins_of(before: str, after: str) -> list[str]:
    return [files["m.py"] for _, files in iterate_value_twins({"m.py": before}, {"m.py": after})]
