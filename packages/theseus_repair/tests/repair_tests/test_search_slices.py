"""Candidates are judged elsewhere first: a lie can waste time or hide a fix, and makes none."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from repair_tests.fake_clock import FakeClock
from repair_tests.one_module import PATH, OneModule
from theseus_repair.engine import repair_tree
from theseus_repair.model import Judgement, SearchReport
from theseus_repair.request import RepairRequest
from theseus_repair.search_slices import SearchSlice, SliceJudges, judge_slice

FAULTY = "FACES = ['one', 'two', 'three']\n\n\ndef face(value):\n    return FACES[value]\n"
TESTS = {
    "call": "assert face(3) == 'three'",
    "first": "assert face(1) == 'one'",
    "second": "assert face(2) == 'two'",
}
Answer = Callable[[Sequence[Judgement]], Sequence[Judgement] | None]


class Workers:
    """Implements `SliceJudges` with the same tests; `answer` turns the truth into what they say."""

    width = 2

    def __init__(self, root: Path, answer: Answer) -> None:
        self._root, self._answer = root, answer
        self.slices: list[int] = []

    async def judge(self, part: SearchSlice) -> Sequence[Judgement] | None:
        self.slices.append(len(part.candidates))
        truth = await judge_slice(self._root, part, OneModule(FAULTY, TESTS))
        return self._answer(truth)


async def repair(folder: Path, judges: SliceJudges | None) -> tuple[SearchReport, int]:
    """Return the report, and how often tests ran here."""
    (folder / PATH).write_text(FAULTY)
    request = RepairRequest(
        folder, ("call",), tuple(TESTS)[1:], written=True, seconds=60, write=False
    )
    runner = OneModule(FAULTY, TESTS)
    return await repair_tree(request, runner, FakeClock(), judges=judges), runner.runs


async def test_honest_workers_spare_this_machine_the_candidates_that_fail(tmp_path: Path) -> None:
    alone, runs_alone = await repair(tmp_path, None)
    workers = Workers(tmp_path, lambda truth: truth)
    shared, runs_here = await repair(tmp_path, workers)
    assert alone.fix is not None
    assert shared.files == alone.files
    assert runs_here < runs_alone
    assert max(workers.slices) > 1


def let_all_pass(truth: Sequence[Judgement]) -> Sequence[Judgement]:
    return [Judgement(True) for _ in truth]


def exchange(truth: Sequence[Judgement]) -> Sequence[Judgement]:
    return [replace(each, is_passing=not each.is_passing) for each in truth]


@pytest.mark.parametrize(
    "answer",
    [let_all_pass, lambda truth: truth[:-1], lambda truth: None],
    ids=["lets all pass", "leaves one out", "gives none"],
)
async def test_workers_that_judge_wrongly_or_not_at_all_change_no_fix(
    tmp_path: Path, answer: Answer
) -> None:
    alone, _ = await repair(tmp_path, None)
    shared, _ = await repair(tmp_path, Workers(tmp_path, answer))
    assert shared.files == alone.files != {}


async def test_workers_that_hide_the_fix_make_no_other(tmp_path: Path) -> None:
    workers = Workers(tmp_path, lambda truth: [Judgement(False) for _ in truth])
    assert (await repair(tmp_path, workers))[0].fix is None
    shared, _ = await repair(tmp_path, Workers(tmp_path, exchange))
    alone, _ = await repair(tmp_path, None)
    assert shared.files in ({}, alone.files)
