"""How the tests of a tree stand before any edit, and what they import."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.repair.model import Crash, Texts
from bot.repair.request import RepairRequest
from bot.repair.runner import Lines, PreloadingRunner, RunResult, TestRecord

LACKED = re.compile(r"No module named '(\w+)|^cannot import name .* from '(\w+)")


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the tests stand before any edit: the reproduction fails, others pass or are `red`.

    Files that want a package that is not installed are none of these.
    """

    failing: tuple[TestRecord, ...]
    passing: tuple[TestRecord, ...]
    red: tuple[str, ...]
    result: RunResult
    project: tuple[tuple[str, str], ...] = ()

    @property
    def coverage(self) -> dict[str, Lines]:
        """Return the lines of every test that has any."""
        return {record.test: record.lines for record in (*self.failing, *self.passing)
                if record.lines}  # fmt: skip


async def baseline(request: RepairRequest, runner: PreloadingRunner) -> Baseline:
    """Run the reproduction, then the affected tests, with coverage; preload what they import.

    Of the affected tests is asked only which of the lines they run that the failing ones do.
    """

    async def ran(tests: Sequence[str], coverage: bool | Lines) -> RunResult:
        if not tests:
            return RunResult()
        return await runner.run(tests, {}, request.limits, coverage=coverage, modules=True)

    own = await ran(request.reproduction, True)
    if own.modules and not request.imported:
        await runner.preload(own.modules)
    other = await ran(request.affected, _lines_of(own.failed))
    known = {record.test for record in own.records}
    rest = [record for record in other.records if record.test not in known]
    passing = [record for record in (*own.records, *rest) if record.outcome == "passed"]
    failing = own.failed or (() if own.green else (_unknown(own),))
    red = [
        record.test
        for record in rest
        if record.outcome == "failed" and not lacks_a_package(request.root, record)
    ]
    project = tuple(dict.fromkeys((*own.project, *other.project)))
    return Baseline(tuple(failing), tuple(passing), tuple(red), own, project)


async def import_ahead(
    request: RepairRequest, base: Baseline, changing: Texts, runner: PreloadingRunner
) -> None:
    """Have what the tests import and no candidate changes imported once.

    Only if the reproduction ends as it did without: what a test sets up before it imports something
    may decide what becomes of it.
    """
    if not base.project:
        return
    await runner.preload(base.result.modules, project=base.project, changing=tuple(changing))
    again = await runner.run(request.reproduction, {}, request.limits)
    if ends(again) != ends(base.result):
        await runner.preload(base.result.modules)


def ends(result: RunResult) -> set[tuple[str, str, str]]:
    """Return how each test ended, without what differs from run to run."""
    return {
        (record.test, record.outcome, record.crash.error if record.crash else "")
        for record in result.records
    }


def _lines_of(records: Sequence[TestRecord]) -> Lines:
    """Return the lines that any of these tests ran."""
    found: dict[str, frozenset[int]] = {}
    for record in records:
        for path, lines in record.lines.items():
            found[path] = found.get(path, frozenset()) | lines
    return found


def lacks_a_package(root: Path, record: TestRecord) -> bool:
    """Whether a file of tests was not imported for want of what is installed.

    No edit of the tree at `root` mends that, so it says nothing of one. What has a name of the tree
    is its own.
    """
    crash = record.crash
    if crash is None or "ImportError" not in (crash.error, *crash.bases):
        return False
    lacked = LACKED.search(crash.message)
    if lacked is None:
        return False
    name = lacked[1] or lacked[2]
    folders = {root, root / "src", (root / record.test.partition("::")[0]).parent}
    return not any((folder / each).exists() for folder in folders for each in (name, f"{name}.py"))


def _unknown(result: RunResult) -> TestRecord:
    """Stand in for a run that died before it could say which test failed."""
    message = result.output.strip()[-300:] or "the tests did not run to their end"
    error = "OutOfTime" if result.late else "Unknown"
    return TestRecord("", "failed", crash=Crash(error, message))


def judge_guards(request: RepairRequest, base: Baseline) -> list[str]:
    """Return the tests that pass now and must go on passing."""
    own = set(request.reproduction)
    return [record.test for record in base.passing if record.test not in own]
