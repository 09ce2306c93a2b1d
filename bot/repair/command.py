"""`theseus repair`: the offline engine on any Python repository with a failing test."""

import asyncio
import contextlib
import math
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bot.domain.errors import ConfigError
from bot.ports.clock import Clock
from bot.repair.answer_tests import answer_tests
from bot.repair.child_process import spawn
from bot.repair.command_check import CommandCheck
from bot.repair.command_files import command_files
from bot.repair.engine import mend
from bot.repair.files import diff_of, write
from bot.repair.forking_runner import ForkingRunner
from bot.repair.guidance import is_test
from bot.repair.history import templates_of
from bot.repair.invocation import Invocation, pytest_invocation
from bot.repair.limits import first_limits, measured_limits
from bot.repair.model import Label, SearchReport
from bot.repair.neighbours import guards_beside, neighbours
from bot.repair.plain import NAME, CommandRunner, copied, shell
from bot.repair.questions import Ask
from bot.repair.report import RepairReport, repair_report
from bot.repair.request import RepairRequest
from bot.repair.rounds import mend_in_rounds
from bot.repair.runner import Confine, RunResult, TimeLimits, unconfined
from bot.repair.search import OnProgress, silent
from bot.repair.suspects import subject_of, suspect_hunks

NOTHING_RAN = {4: "pytest does not understand it", 5: "pytest found no tests"}
# Importing it would take ten times as long, and is done soon after.
HAS_PYTEST = "import importlib.util, sys; sys.exit(not importlib.util.find_spec('pytest'))"
MISSING_PROGRAM = {126, 127}


@dataclass(frozen=True, slots=True)
class _Case:
    """One call of `repair`, prepared: a private copy of the repository and what to do with it.

    `until` is when it has to end, by the clock.
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
    ask: Ask | None

    def left(self) -> float:
        """Return the seconds that are left, of all that it may take; 0 at the least."""
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
    confine: Confine = unconfined,
    on_progress: OnProgress = silent,
    ask: Ask | None = None,
) -> RepairReport:
    """Look for a fix that makes the shell command `test` exit with 0 in `repo`.

    `file` limits the search to one file. `accept` is how good a fix has to be to count. The
    repository is left as it is unless `apply` is set and such a fix was found. `ask` puts to
    somebody what only a person can tell; without it that is told with the fix. Raises `ConfigError`
    when `repo`, `file` or the command is wrong, or when the command passes already.
    """
    began = clock.monotonic()
    root = _checked(repo, test, file, seconds)
    with tempfile.TemporaryDirectory(prefix="theseus-repair-") as folder:
        copy = Path(folder, root.name or "repo")
        await copied(root, copy)
        allowed = (Path(file).as_posix(),) if file else ()
        invocation = await _invocation(pytest_invocation(test, copy), copy)
        argv = invocation.argv if invocation else shell(test)
        at = Path(folder, "check", copy.name)
        check = CommandCheck(copy, at, argv, confine, seconds=max(60.0, seconds), original=root)
        case = _Case(
            root, copy, test, invocation, check, allowed, seconds, began + seconds, clock, confine,
            on_progress, ask,
        )  # fmt: skip
        searched = await _repaired(case)
        report = replace(searched.report, seconds=clock.monotonic() - began)
        good = report.fix is not None and (report.label == "proven" or accept == "plausible")
        return await _reported(case, searched._replace(report=report), good=good, apply=apply)


def _checked(repo: Path, test: str, file: str | None, seconds: float) -> Path:
    if not repo.is_dir():
        raise ConfigError(f"--repo {repo}: there is no such folder; give the repository's folder.")
    if not test.strip():
        raise ConfigError('--test is empty; give the command of a failing test, e.g. "pytest -q".')
    if not 0 < seconds < math.inf:
        raise ConfigError(f"--time {seconds:g}: give a number of seconds above 0.")
    root = repo.resolve()
    if file:
        path = (root / file).resolve()
        if not path.is_file() or not path.is_relative_to(root):
            raise ConfigError(f"--file {file}: there is no such file in {root}.")
        if path.suffix != ".py" or is_test(Path(file).as_posix()):
            raise ConfigError(f"--file {file}: name a Python file that is not a test.")
    return root


class _Searched(NamedTuple):
    """A search and what it was to mend; `by_exit`: all that was seen is how the command ended."""

    report: SearchReport
    failing: tuple[str, ...]
    by_exit: bool = False


async def _repaired(case: _Case) -> _Searched:
    code, said = await spawn(["sh", "-n", "-c", case.test], case.copy, 10.0)
    if code:
        raise ConfigError(f"--test {case.test!r} is no command of a shell. {said.strip()}")
    if case.invocation is not None:
        async with _forking(case, case.invocation) as runner:
            first = await _first_run(case, case.invocation, runner)
            _refuse(case, first.code if first.ended else None, first.output)
            return await _by_pytest(case, case.invocation, runner, first)
    return await _by_command(case)


async def _invocation(invocation: Invocation | None, folder: Path) -> Invocation | None:
    """Return it, by our own interpreter where the named one has no pytest."""
    if invocation is None:
        return None
    code, _ = await spawn([invocation.python, "-c", HAS_PYTEST], folder, 30.0)
    return invocation if code == 0 else replace(invocation, python=sys.executable)


def _refuse(case: _Case, code: int | None, output: str) -> None:
    """Raise what keeps the command from being repaired, as its exit code tells; none: no time."""
    pytest = case.invocation is not None
    tail = output.strip()[-600:]
    if code == 0:
        raise ConfigError(f"--test {case.test!r} passes already; there is nothing to repair.")
    if code in MISSING_PROGRAM and not pytest:
        raise ConfigError(f"--test {case.test!r}: the command was not found. {tail}")
    if pytest and code in NOTHING_RAN:
        raise ConfigError(
            f"--test {case.test!r}: {NOTHING_RAN[code]}; name a failing test in {case.repo}.",
            detail=tail,
        )


def _forking(case: _Case, invocation: Invocation) -> ForkingRunner:
    return ForkingRunner(
        case.copy,
        python=invocation.python,
        confine=case.confine,
        options=invocation.options,
        environment=invocation.environment,
        folder=invocation.folder,
        moved_from=case.repo,
    )


async def _first_run(case: _Case, invocation: Invocation, runner: ForkingRunner) -> RunResult:
    first = RunResult(ended=False, late=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(case.left()):
            wanted = (*invocation.named, *invocation.tests)
            first = await runner.run(wanted, {}, first_limits(case.seconds), modules=True)
    return first


async def _by_pytest(
    case: _Case, invocation: Invocation, runner: ForkingRunner, first: RunResult
) -> _Searched:
    """Search with the tests looked into; `first` is how they ended before any edit."""
    hunks = tuple(await suspect_hunks(case.repo))
    failing = tuple(record.test for record in first.failed if record.test)
    await runner.preload(first.modules)
    at = invocation.folder
    near = await asyncio.to_thread(neighbours, case.copy, invocation.tests, failing, at)
    request = RepairRequest(
        root=case.copy,
        reproduction=failing or invocation.places,
        affected=guards_beside(near, invocation, first),
        hunks=hunks,
        templates=await templates_of(case.repo),
        written=True,
        known=frozenset(hunk.commit for hunk in hunks),
        allowed=case.allowed,
        spared=_judging(invocation, first),
        imported=True,
        seconds=case.left(),
        limits=measured_limits(first.records, case.seconds),
        accepts=case.check,
    )
    report = await mend_in_rounds(request, runner, case.clock, case.on_progress, case.ask)
    if report.fix is not None and report.stated:
        folder = str(PurePosixPath(request.reproduction[0].partition("::")[0]).parent)
        held = await answer_tests(case.copy, folder, report.stated, report.files, runner)
        report = replace(report, tests=held)
    return _Searched(report, failing)


def _judging(invocation: Invocation, first: RunResult) -> frozenset[str]:
    """Return the files that say what is right, whatever they are called: they are never changed."""
    run = (*invocation.tests, *(record.test for record in first.records))
    return frozenset(Path(test.partition("::")[0]).as_posix() for test in run)


async def _by_command(case: _Case) -> _Searched:
    """Search with the tests that the command starts looked into; where none fail, by its exit."""
    async with CommandRunner(
        case.copy, case.test, confine=case.confine, original=case.repo
    ) as runner:
        first = await runner.run((), {}, TimeLimits(seconds=max(5.0, case.seconds / 3)))
        _refuse(case, first.code, first.output)
        started = await _invocation(await asyncio.to_thread(runner.started), case.copy)
        if started is not None:
            async with _forking(case, started) as forking:
                tests = await _first_run(case, started, forking)
                if tests.ended and tests.failed:
                    return await _by_pytest(case, started, forking, tests)
        files = await asyncio.to_thread(command_files, case.copy, case.test, first)
        hunks = tuple(await suspect_hunks(case.repo))
        request = RepairRequest(
            root=case.copy,
            reproduction=(NAME,),
            hunks=hunks,
            templates=await templates_of(case.repo),
            written=True,
            known=frozenset(hunk.commit for hunk in hunks),
            allowed=case.allowed,
            spared=files.judging - set(case.allowed),
            maybe=files.suspected,
            by_exit=True,
            seconds=case.left(),
            accepts=case.check,
        )
        report = await mend(request, runner, case.clock, case.on_progress)
        return _Searched(report, (case.test,), by_exit=True)


async def _reported(case: _Case, searched: _Searched, *, good: bool, apply: bool) -> RepairReport:
    report = searched.report
    fix = report.fix
    report = replace(report, undone=await subject_of(case.repo, report.undoes))
    files = {**report.files, **report.tests}
    diff = await asyncio.to_thread(diff_of, case.repo, files) if fix else ""
    if apply and good:
        write(case.repo, files)  # in one go: whoever ends it finds all of it, or nothing
    return repair_report(
        report,
        diff,
        searched.failing,
        repaired=good,
        applied=apply and good,
        command=searched.by_exit,
    )
