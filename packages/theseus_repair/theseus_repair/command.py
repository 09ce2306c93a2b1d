"""`theseus repair`: runs the offline engine on any Python repository with a failing test."""

import asyncio
import contextlib
import math
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from theseus_guard.terminal_text import keep

from theseus_repair.answer_tests import answer_tests
from theseus_repair.child_process import spawn
from theseus_repair.clock import Clock
from theseus_repair.command_check import CommandCheck
from theseus_repair.command_files import find_command_files
from theseus_repair.engine import repair_tree
from theseus_repair.errors import NothingToRepair, OptionError
from theseus_repair.files import build_diff, count_python_files, write
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.guidance import is_test
from theseus_repair.history import load_templates
from theseus_repair.invocation import Invocation, pytest_invocation
from theseus_repair.limits import compute_first_limits, compute_measured_limits
from theseus_repair.model import Label, SearchReport
from theseus_repair.neighbours import find_neighbours, select_guards
from theseus_repair.plain import NAME, CommandRunner, build_shell_argv, copy_in_thread
from theseus_repair.questions import ApiRequest
from theseus_repair.report import RepairReport, repair_report
from theseus_repair.request import RepairRequest
from theseus_repair.rounds import repair_in_rounds
from theseus_repair.runner import Confine, RunResult, TimeLimits, skip_confinement
from theseus_repair.search import OnProgress, ignore_progress
from theseus_repair.suspects import load_subject, load_suspect_hunks

NO_TESTS_REASONS = {4: "pytest does not understand it", 5: "pytest found no tests"}
# Only `find_spec`: importing takes ten times as long, and the server imports it soon after.
HAS_PYTEST = "import importlib.util, sys; sys.exit(not importlib.util.find_spec('pytest'))"
MISSING_PROGRAM = {126, 127}


@dataclass(frozen=True, slots=True)
class _Case:
    """One call of `repair`, prepared: a private copy of the repository and the settings.

    `until` is the clock time at which it has to end.
    """

    repo: Path
    copy: Path
    test: str
    invocation: Invocation | None
    check: CommandCheck
    allowed: tuple[str, ...]
    seconds: float
    until: float
    clock: Clock
    confine: Confine
    on_progress: OnProgress
    ask: ApiRequest | None
    redact: Callable[[str], str]

    def get_seconds_left(self) -> float:
        """Return the remaining seconds of the time limit; never less than 0."""
        return max(0.0, self.until - self.clock.monotonic())


async def repair(
    repo: Path,
    test: str,
    *,
    file: str | None = None,
    seconds: float = 60.0,
    apply: bool = False,
    accept: Label = "proven",
    clock: Clock,
    confine: Confine = skip_confinement,
    on_progress: OnProgress = ignore_progress,
    ask: ApiRequest | None = None,
    redact: Callable[[str], str] = keep,
) -> RepairReport:
    """Search for a fix that makes the shell command `test` exit with 0 in `repo`.

    The repository is unchanged unless `apply` is set and a good enough fix was found.

    Args:
        repo: The root of the repository.
        test: The failing shell command.
        file: The only file that may be changed, if set.
        seconds: The time limit.
        apply: True to write the fix to the repository.
        accept: The label that a fix needs in order to count.
        clock: The source of the time.
        confine: Wraps commands so that they run in a sandbox.
        on_progress: Called with the progress of the search.
        ask: Asks a person which answer is right; without it, open questions are only reported.
        redact: Removes secrets from the text of commits that the report quotes.

    Raises:
        OptionError: If `repo`, `file` or the command is wrong.
        NothingToRepair: If the command passes already, or there is no code that may change.
    """
    began = clock.monotonic()
    root = _resolve_repository(repo, test, file, seconds)
    with tempfile.TemporaryDirectory(prefix="theseus-repair-") as folder:
        copy = Path(folder, root.name or "repo")
        await copy_in_thread(root, copy)
        allowed = (Path(file).as_posix(),) if file else ()
        invocation = await _resolve_invocation(pytest_invocation(test, copy), copy)
        argv = invocation.argv if invocation else build_shell_argv(test)
        at = Path(folder, "check", copy.name)
        check = CommandCheck(copy, at, argv, confine, seconds=max(60.0, seconds), original=root)
        case = _Case(
            root, copy, test, invocation, check, allowed, seconds, began + seconds, clock, confine,
            on_progress, ask, redact,
        )  # fmt: skip
        searched = await _repair(case)
        report = replace(searched.report, seconds=clock.monotonic() - began)
        good = report.fix is not None and (report.label == "proven" or accept == "plausible")
        return await _build_report(case, searched._replace(report=report), good=good, apply=apply)


def _resolve_repository(repo: Path, test: str, file: str | None, seconds: float) -> Path:
    if not repo.is_dir():
        raise OptionError(f"--repo {repo}: there is no such folder. Name the repository's folder.")
    if not test.strip():
        raise OptionError('--test is empty; give the command of a failing test, e.g. "pytest -q".')
    if not 0 < seconds < math.inf:
        raise OptionError(f"--time {seconds:g}: give a number of seconds above 0.")
    root = repo.resolve()
    if file:
        path = (root / file).resolve()
        if not path.is_file() or not path.is_relative_to(root):
            raise OptionError(f"--file {file}: there is no such file in {root}.")
        if path.suffix != ".py" or is_test(Path(file).as_posix()):
            raise OptionError(f"--file {file}: name a Python file that is not a test.")
    found = count_python_files(root)
    if not found.code:
        seen = f"{found.tests} Python files, all of them tests" if found.tests else "no Python file"
        raise NothingToRepair(
            f"--repo {repo}: {root.name} has {seen}; the search changes Python code only."
        )
    return root


class _Searched(NamedTuple):
    """A search and the problem it was for; `by_exit` if only the command's exit code was judged."""

    report: SearchReport
    failing: tuple[str, ...]
    by_exit: bool = False


async def _repair(case: _Case) -> _Searched:
    code, error_output = await spawn(["sh", "-n", "-c", case.test], case.copy, 10.0)
    if code:
        raise OptionError(
            f"--test {case.test!r} is not a valid shell command. {error_output.strip()}"
        )
    if case.invocation is not None:
        async with _create_runner(case, case.invocation) as runner:
            first = await _run_first(case, case.invocation, runner)
            _refuse(case, first.code if first.is_finished else None, first.output)
            return await _search_by_pytest(case, case.invocation, runner, first)
    return await _search_by_command(case)


async def _resolve_invocation(invocation: Invocation | None, folder: Path) -> Invocation | None:
    """Return the invocation, with our own interpreter if the named one has no pytest."""
    if invocation is None:
        return None
    code, _ = await spawn([invocation.python, "-c", HAS_PYTEST], folder, 30.0)
    return invocation if code == 0 else replace(invocation, python=sys.executable)


def _refuse(case: _Case, code: int | None, output: str) -> None:
    """Raise `OptionError` if the exit code shows that the command cannot be repaired.

    `code` is `None` if the command ran out of time.
    """
    pytest = case.invocation is not None
    tail = output.strip()[-600:]
    if code == 0:
        raise NothingToRepair(f"--test {case.test!r} passes already; there is nothing to repair.")
    if code in MISSING_PROGRAM and not pytest:
        raise OptionError(f"--test {case.test!r}: the command was not found. {tail}")
    if pytest and code in NO_TESTS_REASONS:
        raise OptionError(
            f"--test {case.test!r}: {NO_TESTS_REASONS[code]}; name a failing test in {case.repo}.",
            detail=tail,
        )


def _create_runner(case: _Case, invocation: Invocation) -> ForkingRunner:
    return ForkingRunner(
        case.copy,
        python=invocation.python,
        confine=case.confine,
        options=invocation.options,
        environment=invocation.environment,
        folder=invocation.folder,
        moved_from=case.repo,
    )


async def _run_first(case: _Case, invocation: Invocation, runner: ForkingRunner) -> RunResult:
    first = RunResult(is_finished=False, late=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(case.get_seconds_left()):
            wanted = (*invocation.named, *invocation.tests)
            first = await runner.run(wanted, {}, compute_first_limits(case.seconds), modules=True)
    return first


async def _search_by_pytest(
    case: _Case, invocation: Invocation, runner: ForkingRunner, first: RunResult
) -> _Searched:
    """Search with coverage of the tests; `first` is their result before any edit."""
    hunks = tuple(await load_suspect_hunks(case.repo))
    failing = tuple(record.test for record in first.failures if record.test)
    await runner.preload(first.modules)
    at = invocation.folder
    near = await asyncio.to_thread(find_neighbours, case.copy, invocation.tests, failing, at)
    request = RepairRequest(
        root=case.copy,
        reproduction=failing or invocation.places,
        affected=select_guards(near, invocation, first),
        hunks=hunks,
        templates=await load_templates(case.repo),
        written=True,
        known=frozenset(hunk.commit for hunk in hunks),
        allowed=case.allowed,
        spared=_find_judging_files(invocation, first),
        imported=True,
        seconds=case.get_seconds_left(),
        limits=compute_measured_limits(first.records, case.seconds),
        accepts=case.check,
        python=Path(shutil.which(invocation.python) or sys.executable),
    )
    report = await repair_in_rounds(request, runner, case.clock, case.on_progress, case.ask)
    if report.fix is not None and report.stated:
        folder = str(PurePosixPath(request.reproduction[0].partition("::")[0]).parent)
        answer_files = await answer_tests(case.copy, folder, report.stated, report.files, runner)
        report = replace(report, tests=answer_files)
    return _Searched(report, failing)


def _find_judging_files(invocation: Invocation, first: RunResult) -> frozenset[str]:
    """Return the files that define what is right, by any name: they are never changed."""
    run = (*invocation.tests, *(record.test for record in first.records))
    return frozenset(Path(test.partition("::")[0]).as_posix() for test in run)


async def _search_by_command(case: _Case) -> _Searched:
    """Search with the tests that the command starts; if none fail, by its exit code alone."""
    async with CommandRunner(
        case.copy, case.test, confine=case.confine, original=case.repo
    ) as runner:
        first = await runner.run((), {}, TimeLimits(seconds=max(5.0, case.seconds / 3)))
        _refuse(case, first.code, first.output)
        started = await _resolve_invocation(
            await asyncio.to_thread(runner.find_started_tests), case.copy
        )
        if started is not None:
            async with _create_runner(case, started) as forking:
                tests = await _run_first(case, started, forking)
                if tests.is_finished and tests.failures:
                    return await _search_by_pytest(case, started, forking, tests)
        files = await asyncio.to_thread(find_command_files, case.copy, case.test, first)
        hunks = tuple(await load_suspect_hunks(case.repo))
        request = RepairRequest(
            root=case.copy,
            reproduction=(NAME,),
            hunks=hunks,
            templates=await load_templates(case.repo),
            written=True,
            known=frozenset(hunk.commit for hunk in hunks),
            allowed=case.allowed,
            spared=files.judging - set(case.allowed),
            maybe=files.suspected,
            by_exit=True,
            seconds=case.get_seconds_left(),
            accepts=case.check,
        )
        report = await repair_tree(request, runner, case.clock, case.on_progress)
        return _Searched(report, (case.test,), by_exit=True)


async def _build_report(
    case: _Case, searched: _Searched, *, good: bool, apply: bool
) -> RepairReport:
    report = searched.report
    fix = report.fix
    report = replace(
        report, reverted_subject=await load_subject(case.repo, report.reverted_commit, case.redact)
    )
    files = {**report.files, **report.tests}
    diff = await asyncio.to_thread(build_diff, case.repo, files) if fix else ""
    if apply and good:
        write(
            case.repo, files
        )  # without a cancellation point: a cancelled run has written all files or none
    return repair_report(
        report,
        diff,
        searched.failing,
        repaired=good,
        applied=apply and good,
        command=searched.by_exit,
    )
