"""What a command's end means, and pytest's report, read with care: the sandbox wrote it."""

import io
import os
import re
import shlex
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from bot.adapters.sandboxed_verifier._commands import Tool
from bot.domain.change import CheckResult
from bot.domain.checks import Check
from bot.domain.plan import Reproduction
from bot.ports.sandbox import Completed

FAKED = "the sources pass whatever a test says: one was made to fail, and did not"
INTRUSION = "a changed file reaches into how other tests are run"
_MAX_BYTES = 20 * 1024 * 1024
_MOST_ELEMENTS = 200_000  # each takes many times the bytes it has in the file
_CRASH = re.compile(r"^(?P<file>[^\s:][^:\n]*):\d+: (?P<name>[\w.]+)\s*$", re.MULTILINE)


Status = Literal["passed", "failed", "timeout", "skipped"]
REPRODUCTION = "reproduction"
TWICE = "tried twice, the second time alone"  # so is whatever is not done in time
_LINE = 160


@dataclass(frozen=True)
class Failure:
    """One test that did not pass. `broken` is an error outside the test: import, fixture."""

    message: str
    text: str
    broken: bool

    @property
    def crash(self) -> tuple[str, str]:
        """Return the file the exception was raised in and its class name, as pytest shows them."""
        sites = list(_CRASH.finditer(self.text))
        return (sites[-1]["file"], sites[-1]["name"]) if sites else ("", "")

    def is_exception(self, exception: str) -> bool:
        """Whether this is an exception of that class (its module may be left out)."""
        name = re.escape(exception.rpartition(".")[2])
        if re.match(rf"(?:[\w.]+\.)?{name}(?::|\s|$)", self.message):
            return True
        return bool(re.fullmatch(rf"(?:[\w.]+\.)?{name}", self.crash[1]))


@dataclass(frozen=True)
class PytestReport:
    """What one run of pytest did.

    `testified`: the tests that had to fail did so. They are counted nowhere else.
    """

    passed: int
    skipped: int
    failures: tuple[Failure, ...]
    testified: bool = False

    @property
    def ran(self) -> bool:
        """Whether a test came to an end."""
        return bool(self.passed or self.failures)

    @property
    def summary(self) -> str:
        """Return the counts: `2 failed, 14 passed`."""
        broken = sum(failure.broken for failure in self.failures)
        counts = {
            "failed": len(self.failures) - broken,
            "broken": broken,
            "passed": self.passed,
            "skipped": self.skipped,
        }
        return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or (
            "no tests ran"
        )


def _read(file: Path) -> str | None:
    """Return a regular file's text; never follows a link and never waits for a pipe."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return None
        return opened.read(_MAX_BYTES).decode("utf-8", errors="replace")


def read_report(file: Path, nonce: str = "") -> PytestReport | None:
    """Return the report, or `None` if there is none that can be trusted to be one.

    `word` is what witnesses bear and fail with, where there are any.
    """
    cases = _parse_cases(file)
    return None if cases is None else _report(cases, nonce)


def read_reports(file: Path, tests: Sequence[str]) -> Sequence[PytestReport]:
    """Return a report for each of these test files; none where one cannot be told from another."""
    modules = [test.removesuffix(".py").replace("/", ".") for test in tests]
    cases = _parse_cases(file) or []
    parted = [[case for case in cases if _is_in_module(case, module)] for module in modules]
    if sum(map(len, parted)) != len(cases):
        return []
    return [_report(part, "") for part in parted]


def _is_in_module(case: ElementTree.Element, module: str) -> bool:
    """Whether a test is of that module. One that cannot be imported is named by itself alone."""
    place = case.get("classname") or case.get("name") or ""
    return place == module or place.startswith(f"{module}.")


def _parse_cases(file: Path) -> list[ElementTree.Element] | None:
    text = _read(file)
    if text is None or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    found = []
    try:
        begun = ElementTree.iterparse(io.StringIO(text), ("start",))  # noqa: S314 - no entities
        for number, (_, element) in enumerate(begun):
            if number > _MOST_ELEMENTS:
                return None
            if element.tag == "testcase":
                found.append(element)
    except ElementTree.ParseError:
        return None
    return found


def _report(cases: Sequence[ElementTree.Element], nonce: str) -> PytestReport:
    witnesses = [case for case in cases if nonce and _has_nonce(case, nonce)]
    others = [case for case in cases if not nonce or not _has_nonce(case, nonce)]
    ends = [_end(case) for case in others]
    return PytestReport(
        ends.count("passed"),
        ends.count("skipped"),
        tuple(failure for case in others for failure in _list_failures(case)),
        _are_failing(witnesses, nonce),
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


def _are_failing(witnesses: Sequence[ElementTree.Element], nonce: str) -> bool:
    """Whether one failed as it was made to, and none passed.

    Others' fixtures may skip or break one: that says nothing.
    """
    told = [failure.message for case in witnesses for failure in _list_failures(case)]
    passed = any(_end(case) == "passed" for case in witnesses)
    return not passed and any(nonce in message for message in told)


def _get_last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:_LINE] if lines else ""


def build_skipped(check: Check) -> CheckResult:
    """Return the result of a check that has nothing to look at."""
    return CheckResult(
        name=check.name,
        status="skipped",
        seconds=0.0,
        summary="nothing changed that it looks at",
        command=shlex.join(check.command),
    )


def _judge_tests(done: Completed, report: PytestReport | None) -> tuple[Status, str]:
    """Return how a pytest command ended. Exit code 0 alone proves nothing: any test could exit."""
    if report is None:
        ended = f"ended with {done.returncode} and no report of its tests"
        return "failed", f"{ended}: {_get_last_line(done.output)}"[:_LINE]
    if intrusion := next((f.message for f in report.failures if INTRUSION in f.message), ""):
        return "failed", intrusion[:_LINE]
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
    """Whether the test failed as it says it does, and how it failed."""
    if len(report.failures) != 1:
        return False, report.summary
    failure = report.failures[0]
    told = (failure.message.splitlines() or [""])[0][:_LINE]
    if failure.broken:
        return False, f"broken before the test began: {told}"
    if not failure.is_exception(reproduction.expects):
        return False, f"failed with {told}, not with {reproduction.expects}"
    if failure.crash[0] == reproduction.path and not _is_answer(reproduction):
        return False, f"{told}: raised by the test itself, not by what it calls"
    return True, told


def _is_answer(reproduction: Reproduction) -> bool:
    """Whether what fails it is that another answer comes than the one it is held to."""
    return reproduction.answered and reproduction.expects == AssertionError.__name__


def _judge_reproduction(
    reproduction: Reproduction, done: Completed, report: PytestReport | None, should_fail: bool
) -> tuple[Status, str]:
    if done.timed_out:
        return ("skipped" if should_fail else "timeout"), f"not done in time, {TWICE}"
    if report is None:
        _, why = _judge_tests(done, None)
        return ("skipped" if should_fail else "failed"), why
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

    Where it should be red, `failed` means that it failed with the exception it names; failing in
    another way shows nothing and is `skipped`. Elsewhere any failure is `failed`.
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
