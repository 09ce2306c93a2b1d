"""Running reproductions, together where that tells the same of each as running it alone.

A copy of the tree, a Python, pytest and what the sources import take seconds; the tests take none.

What a change brings runs in the very process that counts its tests: it can report what it likes.
So the reproduction is run once more with a failure at its end, from the same file, under the same
name. Beside other tests a plugin repeats one of them, and fails it. Sources that fake results fake
these too, and are found out.
"""

import asyncio
import secrets
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bot.adapters.sandboxed_verifier._commands import REPORT, add_report
from bot.adapters.sandboxed_verifier._machinery import Machinery
from bot.adapters.sandboxed_verifier._results import (
    FAKED,
    PytestReport,
    build_reproduction_result,
    read_report,
    read_reports,
)
from bot.adapters.sandboxed_verifier._scratch import Scratch, write_inside
from bot.domain.change import CheckResult
from bot.domain.plan import Reproduction
from bot.infra.shared_lock import SharedLock
from bot.ports.sandbox import Completed, Sandbox, SandboxLimits
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


BranchEnd = tuple[Completed | str, PytestReport | None]  # how it ended, or why it could not begin


def build_witness(reproduction: Reproduction) -> tuple[Reproduction, str]:
    """Return the reproduction with a failure at its end, and the word it fails with."""
    nonce = secrets.token_hex(8)
    name = ".".join(reproduction.node_id.split("::")[1:]).partition("[")[0]
    source = reproduction.source + _AFTER.format(nonce=nonce, name=name)
    return reproduction.replace(source=source), nonce


def has_expected_failure(report: PytestReport | None, nonce: str) -> bool:
    """Whether the failure was reported as it was made."""
    if report is None or len(report.failures) != 1 or report.passed:
        return False
    failure = report.failures[0]
    return not failure.broken and nonce in failure.message


class ReproductionRunner:
    """Runs reproductions on copies of a workspace, with base's own machinery."""

    def __init__(
        self,
        sandbox: Sandbox,
        scratch: Scratch,
        machinery: Machinery,
        slots: asyncio.Semaphore,
        limits: SandboxLimits,
        load: SharedLock,
    ) -> None:
        self._sandbox = sandbox
        self._scratch = scratch
        self._machinery = machinery
        self._slots = slots
        self._limits = limits
        self._load = load

    async def run_before_fix(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool = False
    ) -> tuple[CheckResult, ...]:
        """Run them where each should fail as it says."""
        ends = await self._run_together(tests, workspace, at_base=at_base)
        return tuple(
            _build_result(*each, should_fail=True) for each in zip(tests, ends, strict=True)
        )

    async def run_after_fix(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Run them where they should pass, then witnesses of those that did, which should not.

        One after the other: what takes longest, the affected tests, goes on beside them.
        """
        ends = await self._run_together(tests, workspace)
        results = [
            _build_result(*each, should_fail=False) for each in zip(tests, ends, strict=True)
        ]
        passed = [number for number, result in enumerate(results) if result.status == "passed"]
        failing = [build_witness(tests[number]) for number in passed]
        told = await self._run_together([test for test, _ in failing], workspace)
        for number, (_, nonce), (_, report) in zip(passed, failing, told, strict=True):
            if not has_expected_failure(report, nonce):
                results[number] = results[number].replace(status="failed", summary=FAKED)
        return tuple(results)

    async def _run_together(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool = False
    ) -> Sequence[BranchEnd]:
        """Return how each ended; alone, where together they say too little of each."""
        if len(tests) > 1 and len({test.path for test in tests}) == len(tests):
            done, report = await self._run(tests, workspace, at_base=at_base)
            together = _split_result(tests, done, report)
            if together:
                return together
        return [await self._run_alone(test, workspace, at_base=at_base) for test in tests]

    async def _run_alone(
        self, test: Reproduction, workspace: Workspace, *, at_base: bool
    ) -> BranchEnd:
        done, reports = await self._run([test], workspace, at_base=at_base)
        return done, reports[0] if reports else None

    async def _run(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool
    ) -> tuple[Completed | str, Sequence[PytestReport]]:
        """Return how a run of them ends, once more and alone where its time ran out."""
        return await self._load.run_alone_if_late(
            partial(self._run_once, tests, workspace, at_base=at_base),
            lambda end: not isinstance(end[0], str) and end[0].timed_out,
        )

    async def _run_once(
        self, tests: Sequence[Reproduction], workspace: Workspace, *, at_base: bool
    ) -> tuple[Completed | str, Sequence[PytestReport]]:
        """Run them in one pytest; return how that ended, and what it reported of each."""
        async with self._slots, self._scratch.lend(workspace, at_base=at_base) as place:
            tree = place / "tree"
            if not at_base:
                await self._machinery.restore(tree, workspace, conftest=True)
            for test in tests:
                if reason := write_inside(tree, test.path, test.source):
                    return reason, ()
            nodes = [test.node_id for test in tests]
            shown = [sys.executable, "-m", "pytest", "-q", "--tb=auto", *nodes]
            done = await self._sandbox.run(
                add_report(shown, place / REPORT),
                cwd=tree,
                writable=[place],
                env={"PYTHONPATH": str(tree)},
                limits=self._limits,
            )
            return done, _read_reports(place / REPORT, tests)


def _read_reports(file: Path, tests: Sequence[Reproduction]) -> Sequence[PytestReport]:
    if len(tests) > 1:
        return read_reports(file, [test.path for test in tests])
    report = read_report(file)
    return [report] if report else []


def _split_result(
    tests: Sequence[Reproduction], done: Completed | str, reports: Sequence[PytestReport]
) -> Sequence[BranchEnd]:
    """Return how each ended as if it had been alone; nothing where that cannot be told.

    Pytest ends with 0 where all passed and with 1 where some failed; anything else says little.
    """
    if isinstance(done, str) or done.timed_out or len(reports) != len(tests):
        return []
    failed = any(report.failures for report in reports)
    if done.returncode != int(failed) or not all(report.ran for report in reports):
        return []
    return [(done.replace(returncode=int(bool(one.failures))), one) for one in reports]


def _build_result(test: Reproduction, end: BranchEnd, *, should_fail: bool) -> CheckResult:
    done, report = end
    if isinstance(done, str):
        return build_reproduction_result(test, None, report, should_fail, done)
    return build_reproduction_result(test, done, report, should_fail)
