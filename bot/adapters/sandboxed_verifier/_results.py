"""Interprets results of commands and pytest's reports. Reports come from the sandbox: no trust."""

import io
import re
import shlex
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from theseus_rehearsal.ports.sandbox import Completed

from bot.adapters.sandboxed_verifier._commands import Tool
from bot.domain.change import CheckResult
from bot.domain.checks import Check
from bot.domain.plan import Reproduction
from bot.domain.queued_work import CommandOutcome

FAKED = "the sources fake test results: a test that must fail was reported as passed"
INTRUSION = "a changed file interferes with other tests"
_MAX_CHARACTERS = 20 * 1024 * 1024
_MOST_ELEMENTS = 200_000  # each needs many times its bytes in memory
_CRASH = re.compile(r"^(?P<file>[^\s:][^:\n]*):\d+: (?P<name>[\w.]+)\s*$", re.MULTILINE)


Status = Literal["passed", "failed", "timeout", "skipped"]
REPRODUCTION = "reproduction"
TWICE = "tried twice, the second time alone"  # commands that are not done in time are repeated
_LINE = 160
_ADDRESS = re.compile(r"0x[0-9a-f]+")


@dataclass(frozen=True)
class Failure:
    """One test that did not pass.

    `broken` means an error outside the test, such as in a fixture.
    """

    message: str
    text: str
    broken: bool

    @property
    def crash(self) -> tuple[str, str]:
        """The file in which the exception was raised, and its class, as pytest shows them."""
        sites = list(_CRASH.finditer(self.text))
        return (sites[-1]["file"], sites[-1]["name"]) if sites else ("", "")

    def is_exception(self, exception: str) -> bool:
        """Return whether this is an exception of that class; the module may be left out."""
        name = re.escape(exception.rpartition(".")[2])
        if re.match(rf"(?:[\w.]+\.)?{name}(?::|\s|$)", self.message):
            return True
        return bool(re.fullmatch(rf"(?:[\w.]+\.)?{name}", self.crash[1]))


@dataclass(frozen=True)
class PytestReport:
    """The result of one run of pytest.

    `testified` is true if the witnesses failed as they must. Witnesses are not counted elsewhere.
    """

    passed: int
    skipped: int
    failures: tuple[Failure, ...]
    testified: bool = False

    @property
    def ran(self) -> bool:
        """True if at least one test ran to its end."""
        return bool(self.passed or self.failures)

    @property
    def verdict(self) -> Hashable:
        """What is equal in two runs of the same tests: all but addresses, times and texts."""
        failures = {
            (each.broken, each.crash, _ADDRESS.sub("0x", each.message)) for each in self.failures
        }
        return self.passed, self.skipped, len(self.failures), frozenset(failures), self.testified

    @property
    def summary(self) -> str:
        """The counts, such as `2 failed, 14 passed`."""
        broken = sum(failure.broken for failure in self.failures)
        counts = {
            "failed": len(self.failures) - broken,
            "broken": broken,
            "passed": self.passed,
            "skipped": self.skipped,
        }
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or (
            "no tests ran"
        )


def parse_report(text: str | None, nonce: str = "") -> PytestReport | None:
    """Return the report, or `None` if there is no trustworthy one.

    `nonce` marks the witnesses and is in their failure messages; "" if there are none.
    """
    cases = _parse_cases(text)
    return None if cases is None else _report(cases, nonce)


def parse_reports(text: str | None, tests: Sequence[str]) -> Sequence[PytestReport]:
    """Return a report for each of these test files; empty if their tests cannot be separated."""
    modules = [test.removesuffix(".py").replace("/", ".") for test in tests]
    cases = _parse_cases(text) or []
    groups = [[case for case in cases if _is_in_module(case, module)] for module in modules]
    if sum(map(len, groups)) != len(cases):
        return []
    return [_report(group, "") for group in groups]


def _is_in_module(case: ElementTree.Element, module: str) -> bool:
    """Return whether a test belongs to a module. A failed import is reported with its name only."""
    test_module = case.get("classname") or case.get("name") or ""
    return test_module == module or test_module.startswith(f"{module}.")


def judge_reports(outcome: CommandOutcome, reports: Sequence[PytestReport | None]) -> Hashable:
    """Return what decides in tests that a worker ran, or `None` if it may be the worker's fault.

    Without a report, the worker may miss a package; if it was too late, it may be a slow machine.
    """
    if outcome.timed_out or not reports:
        return None
    if not all(report is not None and report.ran for report in reports):
        return None
    verdicts = [report.verdict for report in reports if report is not None]
    return (outcome.returncode, *verdicts)


def _parse_cases(text: str | None) -> list[ElementTree.Element] | None:
    if text is None or len(text) > _MAX_CHARACTERS:
        return None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    cases = []
    try:
        events = ElementTree.iterparse(io.StringIO(text), ("start",))  # noqa: S314 - no entities
        for number, (_, element) in enumerate(events):
            if number > _MOST_ELEMENTS:
                return None
            if element.tag == "testcase":
                cases.append(element)
    except ElementTree.ParseError:
        return None
    return cases


def _report(cases: Sequence[ElementTree.Element], nonce: str) -> PytestReport:
    witnesses = [case for case in cases if nonce and _has_nonce(case, nonce)]
    cases_of_tests = [case for case in cases if not nonce or not _has_nonce(case, nonce)]
    ends = [_end(case) for case in cases_of_tests]
    return PytestReport(
        ends.count("passed"),
        ends.count("skipped"),
        tuple(failure for case in cases_of_tests for failure in _list_failures(case)),
        _is_failing(witnesses, nonce),
    )


def _list_failures(case: ElementTree.Element) -> list[Failure]:
    return [
        Failure(part.get("message", ""), part.text or "", part.tag == "error")
        for part in case
        if part.tag in ("failure", "error")
    ]


def _end(case: ElementTree.Element) -> str:
    if _list_failures(case):
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"


def _has_nonce(case: ElementTree.Element, nonce: str) -> bool:
    return any(part.get("value") == nonce for part in case.iter("property"))


def _is_failing(witnesses: Sequence[ElementTree.Element], nonce: str) -> bool:
    """Return whether at least one witness failed with the nonce, and none passed.

    Fixtures of other tests may skip or break a witness; such results are ignored.
    """
    messages = [failure.message for case in witnesses for failure in _list_failures(case)]
    passed = any(_end(case) == "passed" for case in witnesses)
    return not passed and any(nonce in message for message in messages)


def _get_last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:_LINE] if lines else ""


def build_skipped(check: Check, reason: str = "no changed file concerns it") -> CheckResult:
    """Return the result of a check that did not run, as by default one without files to check."""
    return CheckResult(
        name=check.name,
        status="skipped",
        seconds=0.0,
        summary=reason,
        command=shlex.join(check.command),
    )


def _judge_tests(done: Completed, report: PytestReport | None) -> tuple[Status, str]:
    """Return the status of a pytest command. Exit code 0 alone is no proof: any test could exit."""
    if report is None:
        problem = f"ended with {done.returncode} and no report of its tests"
        return "failed", f"{problem}: {_get_last_line(done.output)}"[:_LINE]
    if intrusion := next((f.message for f in report.failures if INTRUSION in f.message), ""):
        return "failed", intrusion[:_LINE]
    if done.returncode == 0 and not report.failures:
        if report.passed:
            return ("passed", report.summary) if report.testified else ("failed", FAKED)
        if report.skipped:
            return "skipped", report.summary
    if done.returncode in (0, 5) and not report.failures:
        return "failed", "no tests ran, so nothing was proved"
    return "failed", report.summary


def check_result(
    check: Check, command: str, done: Completed, tool: Tool, report: PytestReport | None
) -> CheckResult:
    """Return a check's result: exit code 0 passes, and tests must also have reported a pass."""
    status: Status = "passed" if done.returncode == 0 else "failed"
    summary = _get_last_line(done.output)
    if done.timed_out:
        status, summary = "timeout", f"not done after {check.seconds:g} s, {TWICE}"
    elif tool == "pytest":
        status, summary = _judge_tests(done, report)
    return CheckResult(
        name=check.name,
        status=status,
        seconds=done.seconds,
        summary=summary,
        command=command,
        output=done.output,
    )


def _judge_failure(reproduction: Reproduction, report: PytestReport) -> tuple[bool, str]:
    """Return whether the test failed as expected, and how it failed."""
    if len(report.failures) != 1:
        return False, report.summary
    failure = report.failures[0]
    message = (failure.message.splitlines() or [""])[0][:_LINE]
    if failure.broken:
        return False, f"an error before the test started: {message}"
    if not failure.is_exception(reproduction.expects):
        return False, f"failed with {message}, not with {reproduction.expects}"
    if failure.crash[0] == reproduction.path and not _is_answer(reproduction):
        return False, f"{message}: raised by the test itself, not by the code it calls"
    return True, message


def _is_answer(reproduction: Reproduction) -> bool:
    """Return whether the test fails because the call's value differs from the expected one."""
    return reproduction.answered and reproduction.expects == AssertionError.__name__


def _judge_reproduction(
    reproduction: Reproduction, done: Completed, report: PytestReport | None, should_fail: bool
) -> tuple[Status, str]:
    if done.timed_out:
        return ("skipped" if should_fail else "timeout"), f"not done in time, {TWICE}"
    if report is None:
        _, problem = _judge_tests(done, None)
        return ("skipped" if should_fail else "failed"), problem
    if done.returncode == 0 and report.passed and not report.failures:
        return "passed", report.summary
    as_expected, how = _judge_failure(reproduction, report)
    return ("failed" if as_expected or not should_fail else "skipped"), how


def build_reproduction_result(
    reproduction: Reproduction,
    done: Completed | None,
    report: PytestReport | None,
    should_fail: bool,
    reason: str = "",
) -> CheckResult:
    """Return a reproduction's result.

    If it should fail, `failed` means that it failed with the expected exception; any other failure
    proves nothing and is `skipped`. If it should pass, any failure is `failed`.
    """
    if done is None:
        status: Status = "skipped" if should_fail else "failed"
        summary = reason
    else:
        status, summary = _judge_reproduction(reproduction, done, report, should_fail)
    return CheckResult(
        name=REPRODUCTION,
        status=status,
        seconds=done.seconds if done else 0.0,
        summary=summary,
        command=f"pytest {reproduction.node_id}",
        output=done.output if done else reason,
    )


def has_timed_out(result: CheckResult) -> bool:
    """Return whether a check ran out of time."""
    return result.status == "timeout"
