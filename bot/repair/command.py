"""`theseus repair`: the offline engine on any Python repository with a failing test."""

import asyncio
import difflib
import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.ports.clock import Clock
from bot.repair.child_process import spawn
from bot.repair.engine import RepairRequest, mend, write
from bot.repair.explain import explain
from bot.repair.forking_runner import ForkingRunner
from bot.repair.guidance import is_test
from bot.repair.invocation import Invocation, pytest_invocation
from bot.repair.model import Candidate, SearchReport, Texts
from bot.repair.neighbours import imported_files, neighbours
from bot.repair.plain import NAME, CommandRunner, copy_tree, shell
from bot.repair.report import RepairReport, refusal
from bot.repair.runner import Confine, TimeLimits, unconfined
from bot.repair.search import OnProgress, silent
from bot.repair.suspects import suspect_hunks

ROUNDS = 3
NOTHING_RAN = {4: "pytest does not understand it", 5: "pytest found no tests"}
MISSING_PROGRAM = {126, 127}


@dataclass(frozen=True, slots=True)
class _Case:
    """One call of `repair`, prepared: a private copy of the repository and what to do with it."""

    repo: Path
    copy: Path
    test: str
    allowed: tuple[str, ...]
    seconds: float
    clock: Clock
    confine: Confine
    on_progress: OnProgress


async def repair(
    repo: Path,
    test: str,
    *,
    file: str | None = None,
    seconds: float = 60.0,
    apply: bool = False,
    clock: Clock,
    confine: Confine = unconfined,
    on_progress: OnProgress = silent,
) -> RepairReport:
    """Look for a fix that makes the shell command `test` exit with 0 in `repo`.

    `file` limits the search to one file. The repository is left as it is unless `apply` is set and
    a fix was found. Raises `ConfigError` when `repo`, `file` or the command is wrong, or when there
    is nothing to repair because the command passes.
    """
    began = clock.monotonic()
    root = _checked(repo, test, file, seconds)
    with tempfile.TemporaryDirectory(prefix="theseus-repair-") as folder:
        copy = Path(folder, root.name or "repo")
        await asyncio.to_thread(copy_tree, root, copy)
        allowed = (Path(file).as_posix(),) if file else ()
        case = _Case(root, copy, test, allowed, seconds, clock, confine, on_progress)
        report, failing = await _repaired(case)
        fixed = await _checked_by_command(case, report)
        return await _reported(case, replace(report, seconds=clock.monotonic() - began), failing,
                               fixed=fixed, apply=apply)  # fmt: skip


def _checked(repo: Path, test: str, file: str | None, seconds: float) -> Path:
    if not repo.is_dir():
        raise ConfigError(f"--repo {repo}: there is no such folder; give the repository's folder.")
    if not test.strip():
        raise ConfigError('--test is empty; give the command of a failing test, e.g. "pytest -q".')
    if seconds <= 0:
        raise ConfigError(f"--time {seconds:g}: give a number of seconds above 0.")
    root = repo.resolve()
    if file:
        path = (root / file).resolve()
        if not path.is_file() or not path.is_relative_to(root):
            raise ConfigError(f"--file {file}: there is no such file in {root}.")
        if path.suffix != ".py" or is_test(Path(file).as_posix()):
            raise ConfigError(f"--file {file}: name a Python file that is not a test.")
    return root


async def _repaired(case: _Case) -> tuple[SearchReport, tuple[str, ...]]:
    code, said = await spawn(["sh", "-n", "-c", case.test], case.copy, 10.0)
    if code:
        raise ConfigError(f"--test {case.test!r} is no command of a shell. {said.strip()}")
    invocation = pytest_invocation(case.test, case.copy)
    if invocation is not None:
        invocation = await _with_pytest(invocation, case.copy)
    argv = invocation.argv if invocation else shell(case.test)
    began = case.clock.monotonic()
    limit = max(10.0, case.seconds / 3)
    code, output = await spawn(case.confine(argv, case.copy), case.copy, limit)
    _refuse(case, code, output, pytest=invocation is not None)
    left = case.seconds - (case.clock.monotonic() - began)
    if invocation is None:
        return await _by_command(case, left)
    return await _by_pytest(case, invocation, left)


async def _with_pytest(invocation: Invocation, folder: Path) -> Invocation:
    """Return the invocation with our own interpreter where the named one has no pytest."""
    code, _ = await spawn([invocation.python, "-c", "import pytest"], folder, 30.0)
    return invocation if code == 0 else replace(invocation, python=sys.executable)


def _refuse(case: _Case, code: int | None, output: str, *, pytest: bool) -> None:
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


async def _by_pytest(
    case: _Case, invocation: Invocation, seconds: float
) -> tuple[SearchReport, tuple[str, ...]]:
    hunks = tuple(await suspect_hunks(case.repo))
    began = case.clock.monotonic()
    runner = ForkingRunner(
        case.copy,
        python=invocation.python,
        confine=case.confine,
        options=invocation.options,
        moved_from=case.repo,
    )
    async with runner:
        first = await runner.run(
            invocation.tests, {}, TimeLimits(5.0, 3.0, max(20.0, seconds / 2)), modules=True
        )
        failing = tuple(record.test for record in first.failed if record.test)
        if not failing and first.green:
            raise ConfigError(f"--test {case.test!r}: no failing test was found in {case.repo}.")
        await runner.preload(first.modules)
        affected = await asyncio.to_thread(neighbours, case.copy, invocation.tests, failing)
        request = RepairRequest(
            root=case.copy,
            reproduction=failing or invocation.tests,
            affected=tuple(affected) if invocation.tests else (),
            hunks=hunks,
            written=True,
            known=frozenset(hunk.commit for hunk in hunks),
            allowed=case.allowed,
            seconds=seconds - (case.clock.monotonic() - began),
        )
        report = await _in_rounds(request, runner, case)
        return report, failing


async def _in_rounds(request: RepairRequest, runner: ForkingRunner, case: _Case) -> SearchReport:
    """Repair all failures by one edit or, failing that, one after the other by several."""
    began = case.clock.monotonic()
    several = len(request.reproduction) > 1
    share = 0.5 if several else 1.0
    whole = await mend(replace(request, seconds=request.seconds * share), runner, case.clock,
                       case.on_progress)  # fmt: skip
    if whole.fix is not None or not several:
        return whole
    files: dict[str, str] = {}
    parts: list[SearchReport] = []
    left = list(request.reproduction)
    while left and len(parts) < ROUNDS:
        seconds = request.seconds - (case.clock.monotonic() - began)
        one = replace(request, reproduction=(left[0],), seconds=seconds, hunks=())
        part = await mend(one, runner, case.clock, case.on_progress) if seconds > 1 else whole
        if part.fix is None:
            return whole
        files.update(part.files)
        parts.append(part)
        again = await runner.run(left, {}, TimeLimits())
        left = [record.test for record in again.failed]
    return _together(parts, files) if not left else whole


def _together(parts: list[SearchReport], files: Texts) -> SearchReport:
    fixes = [part.fix for part in parts if part.fix is not None]
    both = Candidate(
        edits=tuple(edit for fix in fixes for edit in fix.edits),
        kind=" and ".join(dict.fromkeys(fix.kind for fix in fixes)),
        why="; ".join(fix.why for fix in fixes),
        line=fixes[0].line,
    )
    tried: dict[str, int] = {}
    for part in parts:
        for kind, count in part.tried.items():
            tried[kind] = tried.get(kind, 0) + count
    return replace(parts[-1], fix=both, files=files, tried=tried)


async def _by_command(case: _Case, seconds: float) -> tuple[SearchReport, tuple[str, ...]]:
    async with CommandRunner(case.copy, case.test, confine=case.confine) as runner:
        first = await runner.run((), {}, TimeLimits(seconds=max(5.0, seconds / 3)))
        frames = [frame.path for record in first.failed if record.crash
                  for frame in record.crash.frames]  # fmt: skip
        words = re.findall(r"[\w./-]+\.py", case.test)
        named = {Path(word).as_posix() for word in words} - set(case.allowed)
        files = await asyncio.to_thread(imported_files, case.copy, [*frames, *named])
        hunks = tuple(await suspect_hunks(case.repo))
        request = RepairRequest(
            root=case.copy,
            reproduction=(NAME,),
            hunks=hunks,
            written=True,
            known=frozenset(hunk.commit for hunk in hunks),
            allowed=case.allowed,
            # what the command runs says what is right, unless there is nothing else
            spared=frozenset(named) if set(files) - named else frozenset(),
            maybe=tuple(files),
            seconds=seconds,
        )
        return await mend(request, runner, case.clock, case.on_progress), (case.test,)


async def _checked_by_command(case: _Case, report: SearchReport) -> bool:
    """Run the very command once more on the mended copy."""
    if report.fix is None:
        return False
    invocation = pytest_invocation(case.test, case.copy)
    if invocation is not None:
        invocation = await _with_pytest(invocation, case.copy)
    argv = invocation.argv if invocation else shell(case.test)
    code, _ = await spawn(case.confine(argv, case.copy), case.copy, max(60.0, case.seconds))
    return code == 0


async def _reported(
    case: _Case, report: SearchReport, failing: tuple[str, ...], *, fixed: bool, apply: bool
) -> RepairReport:
    fix = report.fix if fixed else None
    if apply and fix is not None:
        await asyncio.to_thread(write, case.repo, report.files)
    words = explain(report)
    if report.fix is not None and not fixed:
        words = f"An edit was found, but the command still fails with it: {report.fix.why}."
    return RepairReport(
        repaired=fix is not None,
        file=fix.path if fix else None,
        diff=await asyncio.to_thread(_diff, case.repo, report.files) if fix else "",
        kind=fix.kind if fix else None,
        explanation=words,
        tried=report.attempts,
        seconds=round(report.seconds, 3),
        files=tuple(report.files) if fix else (),
        failing=failing,
        tried_by_kind=dict(report.tried),
        applied=apply and fix is not None,
        proof=report.proof if fix else None,
        refused=tuple(map(refusal, report.refused)),
    )


def _diff(repo: Path, files: Texts) -> str:
    parts: list[str] = []
    for path, text in sorted(files.items()):
        # The copy is mended already when this is called; the repository itself still is not.
        old = (repo / path).read_bytes().decode(errors="surrogateescape")
        parts += difflib.unified_diff(
            old.splitlines(keepends=True), text.splitlines(keepends=True), f"a/{path}", f"b/{path}"
        )
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)
