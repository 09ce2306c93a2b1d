"""Measures the test results of a tree before any edit, and what the tests import."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from theseus_repair.guidance import is_test
from theseus_repair.model import PROGRAM_EXIT, Crash, Texts
from theseus_repair.request import RepairRequest
from theseus_repair.runner import Lines, PreloadingRunner, RunResult, TestRecord
from theseus_repair.sibling_tests import SiblingTests

LACKED = re.compile(r"No module named '(\w+)|^cannot import name .* from '(\w+)")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The test results before any edit: the reproduction fails, other tests pass or are `red`.

    `left_out` are test files that no edit makes importable, or that exceed the time, with the
    reason.
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

    The affected tests run in parallel, and only record which lines of the failing tests they run.
    A line that runs once per process, such as the building of a table, counts as run by every
    test that passes there.
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
        siblings = SiblingTests(request.root, lambda tests: run_tests(tests, lines), runner.width)
        requested = {test.partition("::")[0] for test in request.reproduction}
        found = await siblings.run(request.affected, requested, request.seconds)
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
) -> tuple[tuple[str, str], ...]:
    """Import once what the tests import and no candidate changes; return what of the project.

    If the reproduction ends differently afterwards, only installed modules are preloaded: what a
    test sets up before an import may decide the result of that import.
    """
    if not base.project:
        return ()
    await runner.preload(base.result.modules, project=base.project, changing=tuple(changing))
    repeated = await runner.run(request.reproduction, {}, request.limits)
    if collect_outcomes(repeated) != collect_outcomes(base.result):
        await runner.preload(base.result.modules)
        return ()
    return base.project


def collect_outcomes(result: RunResult) -> set[tuple[str, str, str]]:
    """Return how each test ended, without details that differ from run to run."""
    return {(record.test, *_get_outcome(record)) for record in result.records}


def _collect_lines(records: Sequence[TestRecord]) -> Lines:
    """Return the lines that any of these tests ran, except lines of tests."""
    found: dict[str, frozenset[int]] = {}
    for record in records:
        for path, lines in record.lines.items():
            if not is_test(path):
                found[path] = found.get(path, frozenset()) | lines
    return found


def _run_once(alone: Sequence[TestRecord], among: Sequence[TestRecord]) -> Lines:
    """Return the lines that failing tests run alone but not after others, which run them instead.

    These lines set something up once per process, in whichever test needs it first.
    """
    later = {record.test: record for record in among}
    by_others = _collect_lines([record for record in among if record.outcome == "passed"])
    found: dict[str, set[int]] = {}
    for record in alone:
        repeated = later.get(record.test)
        if repeated is None or not repeated.lines or _get_outcome(repeated) != _get_outcome(record):
            continue
        for path, lines in record.lines.items():
            once = lines - repeated.lines.get(path, frozenset())
            found.setdefault(path, set()).update(once & by_others.get(path, frozenset()))
    return {path: frozenset(lines) for path, lines in found.items() if lines}


def _add_setup_lines(built: Lines, record: TestRecord) -> TestRecord:
    """Return the record of a test as if it had also run the set-up lines that ran before it."""
    if not built or record.outcome != "passed":
        return record
    more = {path: record.lines.get(path, frozenset()) | lines for path, lines in built.items()}
    return replace(record, lines={**record.lines, **more})


def _get_outcome(record: TestRecord) -> tuple[str, str]:
    return record.outcome, record.crash.error if record.crash else ""


def _find_import_obstacle(root: Path, record: TestRecord) -> str:
    """Return why a test file cannot be imported whatever the edit is, or an empty string.

    The file exits, never ends, or needs a package that is not installed. A missing module that
    exists in the tree at `root` does not count, because an edit may fix that import.
    """
    crash = record.crash
    if crash is None:
        return ""
    if "::" not in record.test and crash.error in (PROGRAM_EXIT, "OutOfTime"):
        ends = crash.error == PROGRAM_EXIT
        return f"{'ends the program' if ends else 'never ends'} while it is imported"
    lacked = LACKED.search(crash.message) if "ImportError" in (crash.error, *crash.bases) else None
    if lacked is None:
        return ""
    name = lacked[1] or lacked[2]
    above = Path(record.test.partition("::")[0]).parents
    folders = {root / "src", *(root / folder for folder in above)}
    if any((folder / each).exists() for folder in folders for each in (name, f"{name}.py")):
        return ""
    return f"needs {'' if lacked[1] else 'another '}`{name}`, which is not installed"


def _build_unknown_record(result: RunResult) -> TestRecord:
    """Return a record for a run that died before it could report which test failed."""
    message = result.output.strip()[-300:] or "the tests did not run to their end"
    error = "OutOfTime" if result.late else "Unknown" if result.is_finished else PROGRAM_EXIT
    return TestRecord("", "failed", crash=Crash(error, message))


def judge_guards(request: RepairRequest, base: Baseline) -> list[str]:
    """Return the tests that pass now and must continue to pass."""
    own = set(request.reproduction)
    return [record.test for record in base.passing if record.test not in own]
