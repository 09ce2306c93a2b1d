"""The whole repair of one tree: baseline, localise, search, confirm, tidy, write."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.ports.clock import Clock
from bot.repair.baseline import Baseline, baseline, import_ahead, judge_guards
from bot.repair.behaviour import BehaviourComparison
from bot.repair.candidate_gate import CandidateGate
from bot.repair.conclusion import Conclusion
from bot.repair.confirmation import Confirmation, same_code
from bot.repair.files import changeable_texts, write
from bot.repair.impacted_tests import ImpactedTests
from bot.repair.judge import TestJudge
from bot.repair.limits import candidate_limits
from bot.repair.model import Problem, SearchReport, Texts
from bot.repair.order_dependent import OrderIndependentRunner
from bot.repair.request import RepairRequest
from bot.repair.runner import PreloadingRunner, TestRunner, TimeLimits
from bot.repair.search import OnProgress, search, silent
from bot.repair.stated_answers import StatedAnswers, StatedJudge, answers_by_function
from bot.repair.tidy import tidied
from bot.repair.witnesses import Witnesses

NEW = 1  # hunks of commits this young count even in files no failing test ran
PROBING = 20.0  # seconds for making calls again, on one tree
CLOSING, CLOSING_AT_MOST = 0.2, 15.0  # of all the time, and seconds: to confirm and to compare


async def mend(
    request: RepairRequest,
    runner: PreloadingRunner,
    clock: Clock,
    on_progress: OnProgress = silent,
) -> SearchReport:
    """Search for a fix of the reproduction that keeps the affected tests passing.

    The report's `stopped` is `passing` when the reproduction does not fail to begin with. Nothing
    below the root changes unless a fix is found and `write` is set. Cancelling leaves no process
    once the runner is closed.
    """
    began = clock.monotonic()

    def left() -> float:
        return max(0.0, request.seconds - (clock.monotonic() - began))

    ahead = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(left()):
            ahead = await _prepared(request, runner)
    if ahead is None or not ahead.base.failing:
        stopped = "time" if ahead is None else "passing"
        return SearchReport(None, {}, stopped, {}, (), 0, clock.monotonic() - began)
    closing = min(CLOSING * request.seconds, CLOSING_AT_MOST)
    async with _collecting(request, ahead, runner):
        report = await search(
            ahead.problem,
            ahead.judge,
            budget_seconds=max(0.0, left() - closing),
            closing_seconds=closing / 2,
            clock=clock,
            width=runner.width,
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
        report = await _concluded(request.root, ahead, report, left())
    if report.fix is not None and request.write:
        await asyncio.to_thread(write, request.root, report.files)
    return replace(report, seconds=clock.monotonic() - began)


@contextlib.asynccontextmanager
async def _collecting(
    request: RepairRequest, ahead: "_Prepared", runner: PreloadingRunner
) -> AsyncIterator[None]:
    """Have the tests collected beside the block: what is judged before is judged from the start."""
    tests = [*request.reproduction, *ahead.guards]
    task = asyncio.create_task(runner.collect(tests, tuple(ahead.problem.texts)))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that a search needs, and what concludes from it."""

    base: Baseline
    guards: list[str]
    independent: OrderIndependentRunner
    problem: Problem
    judge: TestJudge
    confirmation: Confirmation
    conclusion: Conclusion


async def _prepared(request: RepairRequest, preloading: PreloadingRunner) -> _Prepared:
    base = await baseline(request, preloading)
    guards = judge_guards(request, base)
    problem = await asyncio.to_thread(problem_of, request, base)
    if base.failing:
        await import_ahead(request, base, problem.texts, preloading)
    limits = candidate_limits(base.passing)
    unconcerned = ImpactedTests(problem).unconcerned
    runner = OrderIndependentRunner(preloading, guards, problem.texts, limits[1])
    judge = TestJudge(runner, request.reproduction, guards, *limits, unconcerned=unconcerned)
    tests, probing = [*request.reproduction, *guards], replace(request.limits, seconds=PROBING)
    stated = StatedAnswers(runner, tests, request.stated, probing)
    confirmation = _confirmation(request, base, problem, runner, stated)
    red = problem.failing | set(base.red)
    comparison = BehaviourComparison(runner, problem.texts, tests, red, probing)
    around = StatedJudge(judge, stated) if request.stated else judge
    witnesses = Witnesses(problem, runner, limits[1], stated=request.stated, red=base.red)
    conclusion = Conclusion(
        problem, comparison, around, confirmation, witnesses, written=request.written
    )
    return _Prepared(base, guards, runner, problem, judge, confirmation, conclusion)


async def _concluded(
    root: Path, ahead: _Prepared, report: SearchReport, seconds: float
) -> SearchReport:
    """Return the report with the fix that is proposed, as it is written; in so many seconds."""
    found = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            found = await ahead.conclusion.of(report)
            tidy = await tidied(root, ahead.problem.texts, found.files)
            if found.fix and tidy != found.files and await ahead.confirmation(found.fix, tidy):
                found = replace(found, files=tidy)
            found = await _formatted(root, ahead.problem.texts, found)
    return found or ahead.conclusion.uncompared(report)


async def _formatted(root: Path, before: Texts, report: SearchReport) -> SearchReport:
    """Return the report with its unproven edit formatted as the project does it."""
    if report.unproven is None:
        return report
    tidy = await tidied(root, before, report.unproven.files)
    if not same_code(tidy, report.unproven.files):
        return report
    return replace(report, unproven=replace(report.unproven, files=tidy))


def _confirmation(
    request: RepairRequest,
    base: Baseline,
    problem: Problem,
    runner: TestRunner,
    stated: StatedAnswers,
) -> Confirmation:
    guards = judge_guards(request, base)
    slow = TimeLimits(60.0, 60.0, max(60.0, request.seconds))
    _, full = candidate_limits(base.passing)
    gate = CandidateGate(
        problem.texts,
        runner,
        request.reproduction,
        [*guards, *base.red, *(request.reproduction if request.written else ())],
        full,
        answered=request.written or request.answered or stated.hold(problem.failing),
        hunks=request.hunks,
        known=request.known,
        written=request.written,
        red=base.red,
        by_exit=request.by_exit,
        stated=stated,
        unconcerned=ImpactedTests(problem).unconcerned,
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


def problem_of(request: RepairRequest, base: Baseline) -> Problem:
    """Read the files that matter and put everything known together. Blocks: reads the disk."""
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
    return Problem(
        texts=changeable_texts(request.root, wanted, request.allowed, request.spared),
        crashes=tuple(crashes),
        hunks=request.hunks,
        coverage=base.coverage,
        failing=frozenset(record.test for record in base.failing),
        passing=frozenset(record.test for record in base.passing),
        ended={record.test: record.crash for record in base.failing if record.crash is not None},
        stated=answers_by_function(request.stated),
        templates=request.templates,
    )
