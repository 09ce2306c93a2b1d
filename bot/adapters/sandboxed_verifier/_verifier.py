"""`SandboxedVerifier`: decides which commands to run where, and interprets their results."""

import asyncio
import itertools
import shlex
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from cachetools import FIFOCache
from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits
from theseus_repair.shared_lock import SharedLock

from bot.adapters.sandboxed_verifier._answers import Answers
from bot.adapters.sandboxed_verifier._cached_tools import CACHES, CachedTools
from bot.adapters.sandboxed_verifier._check_runner import CheckRunner, LocalChecks, find_pass
from bot.adapters.sandboxed_verifier._check_sources import ChecksAtBase, CheckSource
from bot.adapters.sandboxed_verifier._commands import (
    AFFECTED,
    build_format_command,
    expand,
    find_kind,
    find_tool,
    present_python,
    test_options,
)
from bot.adapters.sandboxed_verifier._known_results import KnownResults, identify
from bot.adapters.sandboxed_verifier._machinery import Machinery, select_present_at_base
from bot.adapters.sandboxed_verifier._reproduction_runner import ReproductionRunner
from bot.adapters.sandboxed_verifier._results import build_skipped, check_result, has_timed_out
from bot.adapters.sandboxed_verifier._scratch import Once, Scratch
from bot.adapters.sandboxed_verifier._separate_tests import read_change, run_tests
from bot.adapters.sandboxed_verifier._test_selection import (
    group_by_folder,
    list_program_files,
    select_affected_tests,
)
from bot.domain.change import CheckResult
from bot.domain.checks import Check
from bot.domain.plan import AffectedTests, Reproduction
from bot.domain.queued_work import CheckCommand
from bot.infra.current_work import name_work
from bot.ports.verifier import CheckKind, OnCheck, Reproduced, Tier
from bot.ports.workspace import Workspace

_MAX_CACHED_FAILURES = (
    64  # failures at a base, the newest; neither that commit nor that test can change
)
_MAX_AFFECTED = 12
_STAGES: tuple[tuple[CheckKind, ...], ...] = (("format", "lint"), ("types",), ("tests",))


class SandboxedVerifier:
    """Runs base's checks and reproductions in temporary copies of the workspace.

    Commands that run code of the branch have their own copy, in which `runner` runs them; by
    default that is this machine. Tools that only read run here and share a copy that is read-only.
    `cache` stores the tools' caches; each cache is writable only for its tool, so that a test
    cannot plant a result there. At most `side_by_side` commands run at once; a command that is not
    done in time is repeated without other holders of `load`.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        cache: Path,
        *,
        checks: CheckSource | None = None,
        runner: CheckRunner | None = None,
        side_by_side: int = 2,
        reproduction_seconds: float = 60.0,
        load: SharedLock | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._cache = cache.absolute()
        self._checks = checks or ChecksAtBase()
        self._scratch = Scratch(self._cache / "scratch")
        self._slots, self._load = asyncio.Semaphore(side_by_side), load or SharedLock()
        self._cached_tools = CachedTools(sandbox, self._cache, self._slots)
        self._runner = runner or LocalChecks(sandbox)
        self._machinery = Machinery()
        limits = SandboxLimits(seconds=reproduction_seconds)
        self._reproducing = ReproductionRunner(
            self._runner,
            self._scratch,
            self._machinery,
            self._slots,
            reproduction_seconds,
            self._load,
            self._checks.python,
        )
        self._failing_results: FIFOCache[tuple[str, Reproduction], CheckResult] = FIFOCache(
            _MAX_CACHED_FAILURES
        )
        self._answers = Answers(sandbox, self._scratch, limits, self._checks.python)
        self._known = KnownResults()

    @property
    def sandbox(self) -> str:
        """How commands are confined, as text for people."""
        return self._sandbox.description

    async def find_failing(
        self, candidates: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the candidates that fail as expected on a copy of the workspace."""
        results = await self._reproducing.run_before_fix(candidates, workspace)
        failing = tuple(
            Reproduced(reproduction=candidate, result=result)
            for candidate, result in zip(candidates, results, strict=True)
            if result.status == "failed"
        )
        if failing and not await workspace.list_changes():
            self._failing_results.update(
                {
                    (workspace.base, reproduced.reproduction): reproduced.result
                    for reproduced in failing
                }
            )
        return failing

    async def evaluate_calls(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[str | None, ...]:
        """Return the values of the tests' calls, each run twice on a copy of the workspace."""
        async with self._slots:
            return await self._answers.compute(tests, workspace)

    async def run_at_base(self, reproduction: Reproduction, workspace: Workspace) -> CheckResult:
        """Run a reproduction at base; any end other than pass or the expected failure is `skipped`.

        A failure that this verifier has already seen on the same base is not repeated.
        """
        if earlier_result := self._failing_results.get((workspace.base, reproduction)):
            return earlier_result
        return (await self._reproducing.run_before_fix([reproduction], workspace, at_base=True))[0]

    async def run_reproductions(
        self, reproductions: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Run reproductions on a copy of the current workspace; a faked pass is `failed`."""
        key = (await identify(workspace), tuple(reproductions))
        results = self._known.find(key)
        if results is None:
            results = await self._reproducing.run_after_fix(reproductions, workspace)
            self._known.save(key, results)
        return results

    async def find_affected_tests(
        self, workspace: Workspace, changed: Sequence[str], *, limit: int
    ) -> AffectedTests:
        """Return the nearest tests, with the options of base's check of affected tests."""
        files = await asyncio.to_thread(
            select_affected_tests, workspace.path, changed, cap=limit, nearest=True
        )
        checks = await self._checks.load("quick", workspace)
        commands = [check.command for check in checks if AFFECTED in check.command]
        options = test_options(commands[0]) if commands else ()
        return AffectedTests(files=files, options=options)

    async def run_checks(
        self,
        tier: Tier,
        workspace: Workspace,
        changed: Sequence[str],
        on_check: OnCheck,
        *,
        only: CheckKind | None = None,
    ) -> tuple[CheckResult, ...]:
        """Run base's checks, the cheapest first; return the results in the configured order."""
        checks = await self._checks.load(tier, workspace)
        if only is not None:
            checks = tuple(check for check in checks if find_kind(check) == only)
        python = present_python(workspace.path, changed)
        affected = await self._select_affected(checks, workspace, changed)
        return await self._run_all(checks, python, affected, workspace, on_check)

    async def run_checks_at_base(
        self,
        names: Collection[str],
        workspace: Workspace,
        changed: Sequence[str],
        *,
        tier: Tier = "quick",
    ) -> tuple[CheckResult, ...]:
        """Run base's checks of that tier with these names on base's own sources."""
        checks = [c for c in await self._checks.load(tier, workspace) if c.name in names]
        python = present_python(workspace.path, changed)
        affected = await self._select_affected(checks, workspace, changed)
        return await self._run_all(
            checks,
            await select_present_at_base(python, workspace),
            await select_present_at_base(affected, workspace),
            workspace,
            _ignore_check,
            at_base=True,
        )

    async def run_check_again(
        self, name: str, workspace: Workspace, changed: Sequence[str]
    ) -> CheckResult | None:
        """Run base's quick check of that name; neither use nor store a known result."""
        checks = [each for each in await self._checks.load("quick", workspace) if each.name == name]
        python = present_python(workspace.path, changed)
        affected = await self._select_affected(checks, workspace, changed)
        results = await self._run_all(
            checks[:1], python, affected, workspace, _ignore_check, fresh=True
        )
        return next(iter(results), None)

    def _expand(
        self, check: Check, changed: Sequence[str], affected: Sequence[str]
    ) -> list[str] | None:
        return expand(check, changed, affected, python=self._checks.python)

    async def _select_affected(
        self, checks: Sequence[Check], workspace: Workspace, changed: Sequence[str]
    ) -> tuple[str, ...]:
        if not any(AFFECTED in check.command for check in checks):
            return ()
        return await asyncio.to_thread(
            select_affected_tests, workspace.path, changed, cap=_MAX_AFFECTED
        )

    async def _run_all(
        self,
        checks: Sequence[Check],
        python: Sequence[str],
        affected: Sequence[str],
        workspace: Workspace,
        on_check: OnCheck,
        *,
        at_base: bool = False,
        fresh: bool = False,
    ) -> tuple[CheckResult, ...]:
        results: dict[int, CheckResult] = {}
        callback_lock = asyncio.Lock()
        files = (workspace.base, "base") if at_base else await identify(workspace)

        async def run_one(number: int, check: Check, only_read: Once[Path]) -> None:
            command = self._expand(check, python, affected)
            if command is None:
                results[number] = build_skipped(check)
            else:
                if (tool := find_tool(command)) in CACHES:
                    attempt = partial(self._cached_tools.check, check, command, tool, only_read)
                else:
                    attempt = partial(self._run, check, command, workspace, python, at_base=at_base)
                with name_work(f"the check {check.name}" + (" on base" if at_base else "")):
                    key = None if fresh else (files, tuple(command), tuple(python))
                    result = await self._run_once(key, attempt)
                results[number] = result.replace(name=check.name)
            async with callback_lock:
                await on_check(results[number])

        async with self._to_read(workspace, at_base=at_base) as only_read:
            for kinds in _STAGES:
                stage = [pair for pair in enumerate(checks) if find_kind(pair[1]) in kinds]
                failed = next((result.name for result in results.values() if not result.ok), "")
                if failed and not at_base:
                    for number, check in stage:
                        results[number] = build_skipped(check, f"not run, because {failed} failed")
                        await on_check(results[number])
                    continue
                try:
                    async with asyncio.TaskGroup() as group:
                        for number, check in stage:
                            group.create_task(run_one(number, check, only_read))
                except ExceptionGroup as failures:
                    # All checks fail with the same error, so raise the first one as the cause.
                    raise failures.exceptions[0] from failures
        return tuple(results[number] for number in range(len(checks)))

    async def _run_once(
        self, key: Hashable | None, attempt: Callable[[], Awaitable[CheckResult]]
    ) -> CheckResult:
        """Return the known result of a command on these files, or run it; run it without a key."""
        if key is None:
            return await self._load.run_alone_if_late(attempt, has_timed_out)
        known = self._known.find(key)
        if known is None:
            known = (await self._load.run_alone_if_late(attempt, has_timed_out),)
            self._known.save(key, known)
        return known[0]

    async def format_files(self, workspace: Workspace, files: Sequence[str]) -> tuple[str, ...]:
        """Format these files with base's formatter; return those that were rewritten."""
        root = workspace.path.resolve()
        python = [
            file
            for file in present_python(root, files)
            if (root / file).resolve() == root / file  # a linked folder may lead anywhere
        ]
        check = await self._checks.find_formatter(workspace)
        writing = build_format_command(check) if check else None
        if check is None or writing is None or not python:
            return ()
        async with self._slots, self._copy(workspace, at_base=False) as folder:
            tree = folder / "tree"
            command = self._expand(writing, python, ()) or []
            await self._sandbox.run(
                command,
                cwd=tree,
                writable=[folder],
                env={"PYTHONPATH": build_python_path(tree)},
                limits=SandboxLimits(seconds=check.seconds),
            )
            texts = {
                file: text
                for file in present_python(tree, python)
                if (text := (tree / file).read_bytes()) != (root / file).read_bytes()
            }
        rewritten = []
        for file, text in texts.items():
            existing = await select_present_at_base([file], workspace)
            at_base = await self._run_all(
                [check], existing, (), workspace, _ignore_check, at_base=True
            )
            if all(result.ok for result in at_base):
                (root / file).write_bytes(text)
                rewritten.append(file)
        return tuple(rewritten)

    async def warm_caches(self, workspace: Workspace) -> None:
        """Fill the tools' caches from an idle worktree, so that the first run is fast.

        It gives way to the checks of runs. Only the program's files are used, because tests are
        rarely repaired. The results are ignored. Raises the errors of `run_checks`.
        """
        checks = await self._checks.load("quick", workspace)
        sources = await asyncio.to_thread(list_program_files, workspace.path)
        async with self._to_read(workspace, at_base=False) as only_read:
            for part, check in itertools.product(group_by_folder(sources), checks):
                command = self._expand(check, part, ())
                if command is not None and (tool := find_tool(command)) in CACHES:
                    await self._cached_tools.fill_cache(check, command, tool, only_read)

    @asynccontextmanager
    async def _to_read(self, workspace: Workspace, *, at_base: bool) -> AsyncIterator[Once[Path]]:
        """Provide one copy for all tools that only read; the first tool creates it."""
        async with AsyncExitStack() as stack:
            yield Once(lambda: stack.enter_async_context(self._copy(workspace, at_base=at_base)))

    @asynccontextmanager
    async def _copy(self, workspace: Workspace, *, at_base: bool) -> AsyncIterator[Path]:
        async with self._scratch.open_copy(workspace, at_base=at_base) as folder:
            if not at_base:
                await self._machinery.restore(folder / "tree", workspace, conftest=False)
            yield folder

    async def _run(
        self,
        check: Check,
        command: Sequence[str],
        workspace: Workspace,
        changed: Sequence[str],
        *,
        at_base: bool,
    ) -> CheckResult:
        tool, report = find_tool(command), None
        result: Completed
        async with self._slots, self._copy(workspace, at_base=at_base) as folder:
            if tool == "pytest":
                change = await read_change(workspace, changed, at_base=at_base)
                result, report = await run_tests(
                    self._runner, command, folder, change, check.seconds
                )
            else:
                work = CheckCommand(words=tuple(command), seconds=check.seconds)
                result = await self._runner.run(folder, work, find_pass)
            return check_result(check, shlex.join(command), result, tool, report)


async def _ignore_check(_: CheckResult) -> None:
    """Ignore the result of a check."""
