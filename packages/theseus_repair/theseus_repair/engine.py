"""The complete repair of one tree: baseline, localise, search, confirm, tidy, write."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from theseus_repair.baseline import Baseline, judge_guards, measure_baseline, preload_imports
from theseus_repair.behaviour import BehaviourComparison
from theseus_repair.candidate_gate import CandidateGate
from theseus_repair.clock import Clock
from theseus_repair.conclusion import FixAssessor
from theseus_repair.confirmation import Confirmation, is_same_code
from theseus_repair.files import load_changeable_texts, write
from theseus_repair.impacted_tests import ImpactedTests
from theseus_repair.judge import TestJudge
from theseus_repair.library_reader import load_used_library, read_ahead
from theseus_repair.limits import compute_candidate_limits
from theseus_repair.model import Problem, SearchReport, Texts
from theseus_repair.order_dependent import OrderIndependentRunner
from theseus_repair.request import RepairRequest
from theseus_repair.runner import PreloadingRunner, TestRunner, TimeLimits
from theseus_repair.search import Judge, OnProgress, ignore_progress, search
from theseus_repair.search_slices import SLICE, SlicedJudge, SliceJudges, SlicePlan
from theseus_repair.stated_answers import StatedAnswers, StatedJudge, group_by_function
from theseus_repair.tidy import format_texts
from theseus_repair.witnesses import Witnesses

NEW = 1  # hunks of commits this young count even in files no failing test ran
PROBING = 20.0  # seconds to replay calls on one tree
CLOSING, CLOSING_AT_MOST = (
    0.2,
    15.0,
)  # share of the total time, and seconds at most, to confirm and compare


async def repair_tree(
    request: RepairRequest,
    runner: PreloadingRunner,
    clock: Clock,
    on_progress: OnProgress = ignore_progress,
    judges: SliceJudges | None = None,
) -> SearchReport:
    """Search for a fix of the reproduction that keeps the affected tests passing.

    With `judges`, they judge candidates first, and what they let pass is judged again here. The
    report's `stopped` is `passing` if the reproduction does not fail in the first place. Nothing
    below the root changes unless a fix is found and `write` is set. Cancelling leaves no process
    once the runner is closed.
    """
    began = clock.monotonic()

    def get_seconds_left() -> float:
        return max(0.0, request.seconds - (clock.monotonic() - began))

    ahead = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(get_seconds_left()):
            ahead = await _prepare(request, runner)
    if ahead is None or not ahead.base.failing:
        stopped = "time" if ahead is None else "passing"
        return SearchReport(None, {}, stopped, {}, (), 0, clock.monotonic() - began)
    closing = min(CLOSING * request.seconds, CLOSING_AT_MOST)
    async with (
        _collect_in_background(request, ahead, runner),
        _open_judge(request, ahead, judges) as judge,
    ):
        report = await search(
            ahead.problem,
            judge,
            budget_seconds=max(0.0, get_seconds_left() - closing),
            closing_seconds=closing / 2,
            clock=clock,
            width=runner.width if judges is None else judges.width * SLICE,
            on_progress=on_progress,
            confirm=ahead.confirmation,
            first=request.first,
        )
        report = replace(
            report,
            refused=tuple(dict.fromkeys((*request.otherwise, *ahead.confirmation.refused))),
            stated=request.stated,
            considered=max(report.considered, request.considered),
            failing=len(ahead.problem.failing),
            passing=len(ahead.guards) - len(ahead.independent.dropped),
            left_out=(*ahead.base.left_out, *ahead.independent.left_out),
        )
        report = await _conclude(request.root, ahead, report, get_seconds_left())
    if report.fix is not None and request.write:
        await asyncio.to_thread(write, request.root, report.files)
    return replace(report, seconds=clock.monotonic() - began)


@contextlib.asynccontextmanager
async def _collect_in_background(
    request: RepairRequest, prepared: "_Prepared", runner: PreloadingRunner
) -> AsyncIterator[None]:
    """Collect the tests during the block; candidates judged earlier run from the start."""
    guards, changing = list(prepared.guards), tuple(prepared.problem.texts)
    task = asyncio.create_task(collect_most(runner, request.reproduction, guards, changing))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def collect_most(
    runner: PreloadingRunner,
    reproduction: Sequence[str],
    guards: Sequence[str],
    changing: Collection[str],
) -> None:
    """Collect the tests once for candidates that change these files, or as many as can be.

    Where the guards cannot be collected, those of the nearest file may be; otherwise at least the
    reproduction is, which each candidate runs first.
    """
    nearest = [each for each in guards if each.split("::")[0] == guards[0].split("::")[0]]
    for some in (guards, nearest, ()):
        if not await runner.collect([*reproduction, *some], changing):
            return


@contextlib.asynccontextmanager
async def _open_judge(
    request: RepairRequest, prepared: "_Prepared", judges: SliceJudges | None
) -> AsyncIterator[Judge]:
    """Yield the judge of this machine, or one that asks others first."""
    if judges is None:
        yield prepared.judge
        return
    quick, full = compute_candidate_limits(prepared.base.passing)
    plan = SlicePlan(
        reproduction=request.reproduction,
        affected=tuple(prepared.guards),
        quick=quick,
        full=full,
        changing=tuple(prepared.problem.texts),
        modules=prepared.base.result.modules,
        project=prepared.preloaded,
        options=request.options,
    )
    sliced = SlicedJudge(prepared.judge, judges, plan)
    try:
        yield sliced
    finally:
        await sliced.close()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that a search needs, and the parts that assess its result."""

    base: Baseline
    guards: list[str]
    independent: OrderIndependentRunner
    problem: Problem
    judge: TestJudge
    confirmation: Confirmation
    conclusion: FixAssessor
    preloaded: tuple[tuple[str, str], ...]


async def _prepare(request: RepairRequest, preloading: PreloadingRunner) -> _Prepared:
    # The library is read, and kept for later, while the tests run.
    base, _ = await asyncio.gather(
        measure_baseline(request, preloading), asyncio.to_thread(read_ahead, request.python)
    )
    guards = judge_guards(request, base)
    problem = await asyncio.to_thread(build_problem, request, base)
    preloaded: tuple[tuple[str, str], ...] = ()
    if base.failing:
        preloaded = await preload_imports(request, base, problem.texts, preloading)
    limits = compute_candidate_limits(base.passing)
    unconcerned = ImpactedTests(problem).find_unaffected
    runner = OrderIndependentRunner(preloading, guards, problem.texts, limits[1])
    judge = TestJudge(runner, request.reproduction, guards, *limits, unconcerned=unconcerned)
    tests, probing = [*request.reproduction, *guards], replace(request.limits, seconds=PROBING)
    stated = StatedAnswers(runner, tests, request.stated, probing)
    confirmation = _build_confirmation(request, base, problem, runner, stated)
    failing = problem.failing | set(base.other_failing)
    comparison = BehaviourComparison(runner, problem.texts, tests, failing, probing)
    around = StatedJudge(judge, stated) if request.stated else judge
    witnesses = Witnesses(
        problem, runner, limits[1], stated=request.stated, other_failing=base.other_failing
    )
    conclusion = FixAssessor(
        problem, comparison, around, confirmation, witnesses, written=request.written
    )
    return _Prepared(base, guards, runner, problem, judge, confirmation, conclusion, preloaded)


async def _conclude(
    root: Path, prepared: _Prepared, report: SearchReport, seconds: float
) -> SearchReport:
    """Return the report with the proposed fix as it will be written, within these seconds."""
    found = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            found = await prepared.conclusion.assess(report)
            tidy = await format_texts(root, prepared.problem.texts, found.files)
            # Formatted text is confirmed again, because it is what will be written.
            if found.fix and tidy != found.files and await prepared.confirmation(found.fix, tidy):
                found = replace(found, files=tidy)
            found = await _format_unverified(root, prepared.problem.texts, found)
    return found or prepared.conclusion.assess_without_comparison(report)


async def _format_unverified(root: Path, before: Texts, report: SearchReport) -> SearchReport:
    """Return the report with its unproven edit formatted as the project formats its code."""
    if report.unverified is None:
        return report
    tidy = await format_texts(root, before, report.unverified.files)
    if not is_same_code(tidy, report.unverified.files):
        return report
    return replace(report, unverified=replace(report.unverified, files=tidy))


def _build_confirmation(
    request: RepairRequest,
    base: Baseline,
    problem: Problem,
    runner: TestRunner,
    stated: StatedAnswers,
) -> Confirmation:
    guards = judge_guards(request, base)
    slow = TimeLimits(60.0, 60.0, max(60.0, request.seconds))
    _, full = compute_candidate_limits(base.passing)
    gate = CandidateGate(
        problem.texts,
        runner,
        request.reproduction,
        [*guards, *base.other_failing, *(request.reproduction if request.written else ())],
        full,
        answered=request.written or request.answered or stated.hold(problem.failing),
        hunks=request.hunks,
        known=request.known,
        written=request.written,
        other_failing=base.other_failing,
        by_exit=request.by_exit,
        stated=stated,
        unconcerned=ImpactedTests(problem).find_unaffected,
    )
    return Confirmation(
        request.root,
        problem.texts,
        runner,
        gate,
        reproduction=request.reproduction,
        guards=guards,
        limits=slow,
        stated=stated,
        turned_down=request.refused,
        failed=request.failed,
        accepts=request.accepts,
    )


def build_problem(request: RepairRequest, base: Baseline) -> Problem:
    """Read the relevant files and build the problem. Blocks: reads the disk."""
    crashes = [record.crash for record in base.failing if record.crash is not None]
    if request.capsule is not None:
        crashes.append(request.capsule)
    wanted: dict[str, None] = {}
    for crash in crashes:
        wanted.update(dict.fromkeys(frame.path for frame in reversed(crash.frames)))
    for record in base.failing:
        wanted.update(dict.fromkeys(record.lines))
    measured = bool(base.coverage)
    near = [hunk.path for hunk in request.hunks if hunk.age <= NEW or not measured]
    wanted.update(dict.fromkeys((*request.maybe, *near, *request.allowed)))
    texts = load_changeable_texts(request.root, wanted, request.allowed, request.spared)
    return Problem(
        texts=texts,
        crashes=tuple(crashes),
        hunks=request.hunks,
        coverage=base.coverage,
        failing=frozenset(record.test for record in base.failing),
        passing=frozenset(record.test for record in base.passing),
        crashes_by_test={
            record.test: record.crash for record in base.failing if record.crash is not None
        },
        stated=group_by_function(request.stated),
        templates=request.templates,
        library=load_used_library(request.python, texts),
        edit_factors=request.edit_factors,
    )
