"""Runs reproductions, several at once if that gives the same results as separate runs.

Copying the tree and starting Python and pytest takes seconds; the tests themselves take almost no
time. The changed code runs in the process that reports its test results, so it could fake them.
Therefore each passing reproduction is run again with a failure at its end, from the same file and
with the same name (a witness). Code that fakes results also fakes this one, and is detected.
"""

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial

from theseus_rehearsal.ports.sandbox import Completed
from theseus_repair.shared_lock import SharedLock

from bot.adapters.sandboxed_verifier._check_runner import BESIDE, CheckRunner
from bot.adapters.sandboxed_verifier._commands import REPORT, add_report
from bot.adapters.sandboxed_verifier._machinery import Machinery
from bot.adapters.sandboxed_verifier._results import (
    FAKED,
    PytestReport,
    build_reproduction_result,
    judge_reports,
    parse_report,
    parse_reports,
)
from bot.adapters.sandboxed_verifier._scratch import Scratch, write_inside
from bot.domain.change import CheckResult
from bot.domain.plan import Reproduction
from bot.domain.queued_work import CheckCommand, CommandOutcome
from bot.ports.workspace import Workspace

_AFTER = """

def _fails(test):
    import functools, inspect

    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def run(*args, **named):
            await test(*args, **named)
            raise AssertionError({nonce!r})

    else:

        @functools.wraps(test)
        def run(*args, **named):
            test(*args, **named)
            raise AssertionError({nonce!r})

    return run


{name} = _fails({name})
"""


BranchEnd = tuple[Completed | str, PytestReport | None]  # the result, or why it could not start


def build_witness(reproduction: Reproduction) -> tuple[Reproduction, str]:
    """Return the reproduction with a failure at its end, and the nonce it fails with."""
    nonce = secrets.token_hex(8)
    name = ".".join(reproduction.node_id.split("::")[1:]).partition("[")[0]
    source = reproduction.source + _AFTER.format(nonce=nonce, name=name)
    return reproduction.replace(source=source), nonce


def has_expected_failure(report: PytestReport | None, nonce: str) -> bool:
    """Return whether the failure with this nonce was reported."""
    if report is None or len(report.failures) != 1 or report.passed:
        return False
    failure = report.failures[0]
    return not failure.broken and nonce in failure.message


class ReproductionRunner:
    """Runs reproductions on copies of a workspace, with base's configuration and plugins."""

    def __init__(
        self,
        runner: CheckRunner,
        scratch: Scratch,
        machinery: Machinery,
        slots: asyncio.Semaphore,
        seconds: float,
        load: SharedLock,
        python: str,
    ) -> None:
        self._runner = runner
        self._scratch = scratch
        self._machinery = machinery
        self._slots = slots
        self._seconds = seconds
        self._load = load
        self._python = python

    async def run_before_fix(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool = False
    ) -> tuple[CheckResult, ...]:
        """Run reproductions that should fail with their expected exceptions."""
        ends = await self._run_together(tests, workspace, at_base=at_base)
        return tuple(
            _build_result(*pair, should_fail=True) for pair in zip(tests, ends, strict=True)
        )

    async def run_after_fix(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Run reproductions that should pass, then witnesses of those that did, which should fail.

        They run one after the other, because the affected tests, which take longest, run meanwhile.
        """
        ends = await self._run_together(tests, workspace)
        results = [
            _build_result(*pair, should_fail=False) for pair in zip(tests, ends, strict=True)
        ]
        passed = [number for number, result in enumerate(results) if result.status == "passed"]
        witnesses = [build_witness(tests[number]) for number in passed]
        witness_results = await self._run_together([test for test, _ in witnesses], workspace)
        for number, (_, nonce), (_, report) in zip(passed, witnesses, witness_results, strict=True):
            if not has_expected_failure(report, nonce):
                results[number] = results[number].replace(status="failed", summary=FAKED)
        return tuple(results)

    async def _run_together(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool = False
    ) -> Sequence[BranchEnd]:
        """Return the result of each test; run them separately if a joint run is not conclusive."""
        if len(tests) > 1 and len({test.path for test in tests}) == len(tests):
            result, report = await self._run(tests, workspace, at_base=at_base)
            results = _split_result(tests, result, report)
            if results:
                return results
        return [await self._run_alone(test, workspace, at_base=at_base) for test in tests]

    async def _run_alone(
        self, test: Reproduction, workspace: Workspace, *, at_base: bool
    ) -> BranchEnd:
        result, reports = await self._run([test], workspace, at_base=at_base)
        return result, reports[0] if reports else None

    async def _run(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool
    ) -> tuple[Completed | str, Sequence[PytestReport]]:
        """Return the result of a joint run; a timeout is repeated without parallel load."""
        return await self._load.run_alone_if_late(
            partial(self._run_once, tests, workspace, at_base=at_base),
            lambda end: not isinstance(end[0], str) and end[0].timed_out,
        )

    async def _run_once(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool
    ) -> tuple[Completed | str, Sequence[PytestReport]]:
        """Run the tests in one pytest; return its result, and the report of each test."""
        async with self._slots, self._scratch.open_copy(workspace, at_base=at_base) as folder:
            tree = folder / "tree"
            if not at_base:
                await self._machinery.restore(tree, workspace, conftest=True)
            for test in tests:
                if reason := write_inside(tree, test.path, test.source):
                    return reason, ()
            nodes = [test.node_id for test in tests]
            command = [self._python, "-m", "pytest", "-q", "--tb=auto", *nodes]
            work = CheckCommand(
                words=tuple(add_report(command, BESIDE / REPORT)),
                seconds=self._seconds,
                outputs=(REPORT,),
            )
            result = await self._runner.run(
                folder, work, lambda found: judge_reports(found, _parse_reports(found, tests))
            )
            return result, _parse_reports(result, tests)


def _parse_reports(
    outcome: CommandOutcome, tests: Sequence[Reproduction]
) -> Sequence[PytestReport]:
    text = outcome.files.get(REPORT)
    if len(tests) > 1:
        return parse_reports(text, [test.path for test in tests])
    report = parse_report(text)
    return [report] if report else []


def _split_result(
    tests: Sequence[Reproduction], done: Completed | str, reports: Sequence[PytestReport]
) -> Sequence[BranchEnd]:
    """Return the result of each test as if it had run alone; empty if that is not clear.

    Pytest ends with 0 if all passed and with 1 if some failed; other codes are not conclusive.
    """
    if isinstance(done, str) or done.timed_out or len(reports) != len(tests):
        return []
    failed = any(report.failures for report in reports)
    if done.returncode != int(failed) or not all(report.ran for report in reports):
        return []
    return [
        (done.replace(returncode=int(bool(test_report.failures))), test_report)
        for test_report in reports
    ]


def _build_result(test: Reproduction, end: BranchEnd, *, should_fail: bool) -> CheckResult:
    result, report = end
    if isinstance(result, str):
        return build_reproduction_result(test, None, report, should_fail, result)
    return build_reproduction_result(test, result, report, should_fail)
