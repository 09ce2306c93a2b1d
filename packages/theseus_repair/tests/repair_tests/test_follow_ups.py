"""What is tried after a near miss: a reckoned number, a second edit; and what counts as near."""

import asyncio
import re
from collections.abc import Callable

import pytest
from repair_tests.fake_clock import FakeClock
from theseus_repair.model import Candidate, Crash, Judgement, Problem, Texts, TraceFrame
from theseus_repair.nearness import measure_progress
from theseus_repair.pairs import CAVEAT
from theseus_repair.search import search

TEST = "test_m.py::test_f"


def crash(error: str, line: int, message: str = "", *inner: int) -> Crash:
    """Return how a test ended in its own line, or further in in lines of `m.py`."""
    frames = (TraceFrame("test_m.py", line, "test_f"), *(TraceFrame("m.py", at) for at in inner))
    return Crash(error, message, frames)


def asserted(got: object, expected: object, line: int = 4) -> Crash:
    return crash(
        "AssertionError", line, f"assert {got!r} == {expected!r}\n +  where {got!r} = f(2)"
    )


def problem(ends: Crash, text: str = "x = 1\n") -> Problem:
    return Problem({"m.py": text}, (ends,), failing=frozenset({TEST}), crashes_by_test={TEST: ends})


@pytest.mark.parametrize(
    ("before", "after", "near"),
    [
        (crash("KeyError", 4, "", 2), crash("KeyError", 5, "", 9), True),
        (crash("KeyError", 4, "", 2), crash("KeyError", 4, "", 3), True),
        (crash("KeyError", 4, "", 2), crash("TypeError", 4, "", 2), False),
        (crash("KeyError", 4, "", 2), crash("TypeError", 4, "", 3), True),
        (crash("KeyError", 4, "", 3), crash("KeyError", 4, "", 2), False),
        (crash("KeyError", 4, "", 2), asserted(1, 2), True),
        (asserted(1, 9), asserted(8, 9), True),
        (asserted(8, 9), asserted(1, 9), False),
        (asserted("abd", "abc"), asserted("", "abc"), False),
        (asserted(1, 9), asserted(9, 9, line=3), False),
        (asserted(1, 9), crash("KeyError", 4, "", 2), False),
    ],
)
def test_a_test_that_got_further_is_near(before: Crash, after: Crash, near: bool) -> None:
    said = Judgement(False, "reproduction", total=1, failed=(TEST,), crash=after)

    assert (measure_progress(problem(before), said) > 0) == near


def test_some_tests_that_pass_are_nearer_than_any_way_to_fail() -> None:
    before = asserted(1, 9)
    some = Judgement(False, "reproduction", 1, 2, (TEST,), crash=before)
    further = Judgement(False, "reproduction", 0, 2, (TEST,), crash=asserted(1, 9, line=9))

    assert measure_progress(problem(before), some) > measure_progress(problem(before), further) > 0


def linear(number: int) -> int:
    return number * 2 + 5


def curved(number: int) -> int:
    return number**3 + number


def stepped(number: int) -> int:
    return -(-number // 300)


@pytest.mark.parametrize(
    ("answer", "wrong", "right"), [(linear, 24, 730), (curved, 7, 61), (stepped, 700, 9000)]
)
async def test_a_number_far_off_is_reckoned_from_what_was_expected(
    answer: Callable[[int], int], wrong: int, right: int
) -> None:
    text, expected = f"def f():\n    return {wrong}\n", answer(right)
    before = asserted(answer(wrong), expected)

    class Computing:
        async def judge(self, files: Texts) -> Judgement:
            number = re.fullmatch(r"def f\(\):\n    return (-?\d+)\n", files["m.py"])
            got = answer(int(number[1])) if number else None
            end = asserted(got, expected)
            return Judgement(got == expected, "reproduction", 0, 1, (TEST,), crash=end)

    report = await search(problem(before, text), Computing(), budget_seconds=30, clock=FakeClock())

    assert report.fix is not None
    assert answer(int(report.fix.edits[0].text)) == expected
    assert report.fix.caveat
    assert sum(report.tried.values()) < 40


@pytest.mark.parametrize("easy", [False, True])
async def test_two_edits_are_tried_together_where_no_single_one_passes_and_holds(
    easy: bool,
) -> None:
    text = 'def f(x):\n    name = x.nmae\n    town = x.town["nmae"]\n    return name, town\n'
    before = crash("AttributeError", 4, "it has no attribute 'nmae'", 2)
    before = Crash(before.error, before.message, before.frames, (), {"near": ("name",)})
    then = Crash("KeyError", "'nmae'", (before.frames[0], TraceFrame("m.py", 3)), (),
                 {"keys": ("name",)})  # fmt: skip

    class Steps:
        async def judge(self, files: Texts) -> Judgement:
            first, second = "x.name" in files["m.py"], 'town["name"]' in files["m.py"]
            if (first and second) or (easy and not first and not second):
                return Judgement(True, passed=1, total=1)
            end = then if first else before
            return Judgement(False, "reproduction", 0, 1, (TEST,), crash=end)

    async def confirm(candidate: Candidate, files: Texts) -> bool:
        await asyncio.sleep(0)  # all are judged while the last is looked at once more
        return "nmae" not in files["m.py"]

    async with asyncio.timeout(20):
        report = await search(
            problem(before, text), Steps(), budget_seconds=30, clock=FakeClock(), width=2,
            confirm=confirm,
        )  # fmt: skip

    assert report.files == {"m.py": text.replace("nmae", "name")}
    assert report.fix is not None
    assert (report.fix.kind, report.fix.caveat) == ("pair", CAVEAT)
    assert report.fix.rank < 0.01


async def test_a_name_misspelt_twice_is_mended_at_both_places_in_one_go() -> None:
    text = "def f(x):\n    for y in x.itmes:\n        print(y)\n    return len(x.itmes)\n"
    before = Crash(
        "AttributeError",
        "it has no attribute 'itmes'",
        crash("", 4, "", 2).frames,
        (),
        {"near": ("items",)},
    )
    then = Crash(
        "AttributeError",
        "it has no attribute 'itmes'",
        crash("", 4, "", 4).frames,
        (),
        {"near": ("items",)},
    )

    class Steps:
        async def judge(self, files: Texts) -> Judgement:
            left = files["m.py"].count("itmes")
            end = before if left == 2 else then
            return Judgement(not left, "reproduction", 0, 1, (TEST,), crash=end)

    kinds: list[Candidate] = []
    report = await search(
        problem(before, text), Steps(), budget_seconds=30, clock=FakeClock(),
        on_progress=lambda said: kinds.append(said.latest.candidate),
    )  # fmt: skip

    assert report.fix is not None
    assert report.files == {"m.py": text.replace("itmes", "items")}
    assert report.fix.also == (4,)
    assert kinds.index(report.fix) < 3
