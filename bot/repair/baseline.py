"""How the tests of a tree stand before any edit, and what they import."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.repair.guidance import is_test
from bot.repair.model import PROGRAM_EXIT, Crash, Texts
from bot.repair.request import RepairRequest
from bot.repair.runner import Lines, PreloadingRunner, RunResult, TestRecord
from bot.repair.sibling_tests import SiblingTests

LACKED = re.compile(r"No module named '(\w+)|^cannot import name .* from '(\w+)")


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the tests stand before any edit: the reproduction fails, others pass or are `red`.

    Files that cannot be imported whatever becomes of the code, or that there is no time for, are
    `left_out`: each with why.
    """

    failing: tuple[TestRecord, ...]
    passing: tuple[TestRecord, ...]
    other_failing: tuple[str, ...]
    result: RunResult
    left_out: tuple[tuple[str, str], ...] = ()
    project: tuple[tuple[str, str], ...] = ()

    @property
    def coverage(self) -> dict[str, Lines]:
        """Return the lines of every test that has any."""
        return {record.test: record.lines for record in (*self.failing, *self.passing)
                if record.lines}  # fmt: skip


async def measure_baseline(request: RepairRequest, runner: PreloadingRunner) -> Baseline:
    """Run the reproduction, then the affected tests, with coverage; preload what they import.

    Of the affected tests, which run side by side, is asked only which of the lines they run that
    the failing ones do. What runs once in a process, such as the building of a table, counts as run
    by all that pass there.
    """

    async def run_tests(tests: Sequence[str], coverage: bool | Lines) -> RunResult:
        if not tests:
            return RunResult()
        return await runner.run(tests, {}, request.limits, coverage=coverage, modules=True)

    own = await run_tests(request.reproduction, True)
    if own.modules and not request.imported:
        await runner.preload(own.modules)
    lines = _collect_lines(own.failures)
    found = request.sibling_results.get(request.affected, lines)
    if found is None:
        beside = SiblingTests(request.root, lambda tests: run_tests(tests, lines), runner.width)
        asked = {test.partition("::")[0] for test in request.reproduction}
        found = await beside.run(request.affected, asked, request.seconds)
        request.sibling_results.keep(request.affected, lines, found)
    other, slow = found
    known = {record.test for record in own.records}
    rest = [record for record in other.records if record.test not in known]
    built = _run_once(own.failures, other.records)
    rest = [_add_setup_lines(built, record) for record in rest]
    passing = [record for record in (*own.records, *rest) if record.outcome == "passed"]
    failing = own.failures or (() if own.is_passing else (_build_unknown_record(own),))
    failed = [(record.test, _find_import_obstacle(request.root, record)) for record in rest
              if record.outcome == "failed"]  # fmt: skip
    return Baseline(
        failing=tuple(failing),
        passing=tuple(passing),
        other_failing=tuple(test for test, why in failed if not why),
        result=own,
        left_out=(*((test, why) for test, why in failed if why), *slow),
        project=tuple(dict.fromkeys((*own.project, *other.project))),
    )


async def preload_imports(
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
    if collect_outcomes(again) != collect_outcomes(base.result):
        await runner.preload(base.result.modules)


def collect_outcomes(result: RunResult) -> set[tuple[str, str, str]]:
    """Return how each test ended, without what differs from run to run."""
    return {(record.test, *_get_outcome(record)) for record in result.records}


def _collect_lines(records: Sequence[TestRecord]) -> Lines:
    """Return the lines that any of these tests ran, but those of tests."""
    found: dict[str, frozenset[int]] = {}
    for record in records:
        for path, lines in record.lines.items():
            if not is_test(path):
                found[path] = found.get(path, frozenset()) | lines
    return found


def _run_once(alone: Sequence[TestRecord], among: Sequence[TestRecord]) -> Lines:
    """Return the lines that failing tests run alone and not among others, which run them instead.

    They are of what is set up once in a process, by whoever comes first.
    """
    later = {record.test: record for record in among}
    by_others = _collect_lines([record for record in among if record.outcome == "passed"])
    found: dict[str, set[int]] = {}
    for record in alone:
        again = later.get(record.test)
        if again is None or not again.lines or _get_outcome(again) != _get_outcome(record):
            continue
        for path, lines in record.lines.items():
            once = lines - again.lines.get(path, frozenset())
            found.setdefault(path, set()).update(once & by_others.get(path, frozenset()))
    return {path: frozenset(lines) for path, lines in found.items() if lines}


def _add_setup_lines(built: Lines, record: TestRecord) -> TestRecord:
    """Return the record of a test as if it had run what was set up before it as well."""
    if not built or record.outcome != "passed":
        return record
    more = {path: record.lines.get(path, frozenset()) | lines for path, lines in built.items()}
    return replace(record, lines={**record.lines, **more})


def _get_outcome(record: TestRecord) -> tuple[str, str]:
    return record.outcome, record.crash.error if record.crash else ""


def _find_import_obstacle(root: Path, record: TestRecord) -> str:
    """Return what keeps a file of tests from being imported, and says nothing of an edit.

    It ends the program then, waits for ever, or wants a package that is not installed. What has a
    name of the tree at `root` is its own: an edit may mend that.
    """
    crash = record.crash
    if crash is None:
        return ""
    if "::" not in record.test and crash.error in (PROGRAM_EXIT, "OutOfTime"):
        ends = crash.error == PROGRAM_EXIT
        return f"{'ends the program' if ends else 'does not come to an end'} while it is imported"
    lacked = LACKED.search(crash.message) if "ImportError" in (crash.error, *crash.bases) else None
    if lacked is None:
        return ""
    name = lacked[1] or lacked[2]
    above = Path(record.test.partition("::")[0]).parents
    folders = {root / "src", *(root / folder for folder in above)}
    if any((folder / each).exists() for folder in folders for each in (name, f"{name}.py")):
        return ""
    return f"wants {'' if lacked[1] else 'another '}`{name}`, which is not installed"


def _build_unknown_record(result: RunResult) -> TestRecord:
    """Stand in for a run that died before it could say which test failed."""
    message = result.output.strip()[-300:] or "the tests did not run to their end"
    error = "OutOfTime" if result.late else "Unknown" if result.is_finished else PROGRAM_EXIT
    return TestRecord("", "failed", crash=Crash(error, message))


def judge_guards(request: RepairRequest, base: Baseline) -> list[str]:
    """Return the tests that pass now and must go on passing."""
    own = set(request.reproduction)
    return [record.test for record in base.passing if record.test not in own]
