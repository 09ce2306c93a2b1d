"""What the end of a command means."""

import shlex
from typing import Literal

from bot.adapters.sandboxed_verifier._commands import Tool
from bot.adapters.sandboxed_verifier._report import FAKED, PytestReport
from bot.domain.change import CheckResult
from bot.domain.checks import Check
from bot.domain.plan import Reproduction
from bot.ports.sandbox import Completed

Status = Literal["passed", "failed", "timeout", "skipped"]
REPRODUCTION = "reproduction"
TWICE = "tried twice, the second time alone"  # so is whatever is not done in time
_LINE = 160


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:_LINE] if lines else ""


def skipped(check: Check) -> CheckResult:
    """Return the result of a check that has nothing to look at."""
    return CheckResult(
        name=check.name,
        status="skipped",
        seconds=0.0,
        summary="nothing changed that it looks at",
        command=shlex.join(check.command),
    )


def _of_tests(done: Completed, report: PytestReport | None) -> tuple[Status, str]:
    """Return how a pytest command ended. Exit code 0 alone proves nothing: any test could exit."""
    if report is None:
        ended = f"ended with {done.returncode} and no report of its tests"
        return "failed", f"{ended}: {_last_line(done.output)}"[:_LINE]
    if done.returncode == 0 and not report.failures:
        if report.passed:
            return ("passed", report.summary) if report.testified else ("failed", FAKED)
        if report.skipped:
            return "skipped", report.summary
    if done.returncode in (0, 5) and not report.failures:
        return "failed", "no tests ran: nothing was proved"
    return "failed", report.summary


def check_result(
    check: Check, command: str, done: Completed, tool: Tool, report: PytestReport | None
) -> CheckResult:
    """Return a check's result: 0 passes, and tests must also have reported a pass."""
    status: Status = "passed" if done.returncode == 0 else "failed"
    summary = _last_line(done.output)
    if done.timed_out:
        status, summary = "timeout", f"not done after {check.seconds:g} s, {TWICE}"
    elif tool == "pytest":
        status, summary = _of_tests(done, report)
    return CheckResult(
        name=check.name,
        status=status,
        seconds=done.seconds,
        summary=summary,
        command=command,
        output=done.output,
    )


def _red(reproduction: Reproduction, report: PytestReport) -> tuple[bool, str]:
    """Whether the test failed as it says it does, and how it failed."""
    if len(report.failures) != 1:
        return False, report.summary
    failure = report.failures[0]
    told = (failure.message.splitlines() or [""])[0][:_LINE]
    if failure.broken:
        return False, f"broken before the test began: {told}"
    if not failure.raised(reproduction.expects):
        return False, f"failed with {told}, not with {reproduction.expects}"
    if failure.crash[0] == reproduction.path:
        return False, f"{told}: raised by the test itself, not by what it calls"
    return True, told


def _of_reproduction(
    reproduction: Reproduction, done: Completed, report: PytestReport | None, want_red: bool
) -> tuple[Status, str]:
    if done.timed_out:
        return ("skipped" if want_red else "timeout"), f"not done in time, {TWICE}"
    if report is None:
        _, why = _of_tests(done, None)
        return ("skipped" if want_red else "failed"), why
    if done.returncode == 0 and report.passed and not report.failures:
        return "passed", report.summary
    as_expected, how = _red(reproduction, report)
    return ("failed" if as_expected or not want_red else "skipped"), how


def reproduction_result(
    reproduction: Reproduction,
    done: Completed | None,
    report: PytestReport | None,
    want_red: bool,
    reason: str = "",
) -> CheckResult:
    """Return a reproduction's result.

    Where it should be red, `failed` means that it failed with the exception it names; failing in
    another way shows nothing and is `skipped`. Elsewhere any failure is `failed`.
    """
    if done is None:
        status: Status = "skipped" if want_red else "failed"
        summary = reason
    else:
        status, summary = _of_reproduction(reproduction, done, report, want_red)
    return CheckResult(
        name=REPRODUCTION,
        status=status,
        seconds=done.seconds if done else 0.0,
        summary=summary,
        command=f"pytest {reproduction.node_id}",
        output=done.output if done else reason,
    )
