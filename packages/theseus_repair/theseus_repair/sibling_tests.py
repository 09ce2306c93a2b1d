"""Runs the tests that have to stay passing, before any edit: requested ones, and others in time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from theseus_repair.model import PROGRAM_EXIT, Crash
from theseus_repair.runner import Lines, RunResult, TestRecord

SHARE = (
    0.12  # share of the total time for tests that were not requested; again if each file runs alone
)
SLOW = "takes too long to run with the others"

Ran = Callable[[Sequence[str]], Awaitable[RunResult]]
"""Runs tests (paths or node ids) on the unchanged tree."""


BesideResult = tuple[RunResult, tuple[tuple[str, str], ...]]
"""The results of the other tests as one run, and the files that were skipped, with the reason."""


class SiblingCache:
    """The known results of the other tests, valid as long as the tree is unchanged."""

    def __init__(self) -> None:
        self._known: tuple[tuple[str, ...], Lines, BesideResult] | None = None

    def get(self, tests: Sequence[str], lines: Lines) -> BesideResult | None:
        """Return the result of these tests, if it covers at least these lines."""
        if self._known is None:
            return None
        known, looked_for, result = self._known
        covered = all(own <= looked_for.get(path, frozenset()) for path, own in lines.items())
        return result if known == tuple(tests) and covered else None

    def keep(self, tests: Sequence[str], lines: Lines, result: BesideResult) -> None:
        """Store the result for later searches."""
        self._known = tuple(tests), lines, result


class SiblingTests:
    """Runs tests of the tree at `root`, in `width` parallel runs, each by `ran`."""

    __test__ = False  # pytest would collect this class because of its name

    def __init__(self, root: Path, ran: Ran, width: int) -> None:
        self._root, self._ran, self._width = root, ran, width

    async def run(
        self, tests: Sequence[str], asked: Collection[str], seconds: float
    ) -> BesideResult:
        """Return the results of the tests, and the files that were too slow, with the reason.

        A complete file that is not in `asked` was not requested: all such files share a part of
        `seconds`.
        """
        files = group_by_file(tests)
        others = {file: own for file, own in files.items() if own == [file] and file not in asked}
        requested = {file: own for file, own in files.items() if file not in others}
        first = await self._run_combined(requested)
        try:
            async with asyncio.timeout(SHARE * seconds):
                return _merge_in_order(list(files), [first, await self._run_combined(others)]), ()
        except TimeoutError:
            ended = await self._run_each(others, SHARE * seconds)
        slow = tuple((file, SLOW) for file in others if file not in ended)
        return _merge_in_order(list(files), [first, *ended.values()]), slow

    async def _run_combined(self, files: Mapping[str, Sequence[str]]) -> RunResult:
        """Run the files in a few parallel runs; run files without a result alone.

        One file may end the process of a run, or its collection.
        """
        shares = await asyncio.to_thread(_split_shares, self._root, files, self._width)
        runs = [run for run in await asyncio.gather(*map(self._ran, shares)) if _is_complete(run)]
        reported = {record.test.partition("::")[0] for run in runs for record in run.records}
        left = [tests for file, tests in files.items() if file not in reported]
        alone = await asyncio.gather(*map(self._ran, left))
        return _merge_in_order(list(files), [*runs, *map(_mark_exited, left, alone)])

    async def _run_each(
        self, files: Mapping[str, Sequence[str]], seconds: float
    ) -> dict[str, RunResult]:
        """Run each file alone, and return the results of those that ended in time."""
        turns, ended = asyncio.Semaphore(self._width), dict[str, RunResult]()

        async def run_file(file: str) -> None:
            async with turns:
                ended[file] = _mark_exited(files[file], await self._ran(files[file]))

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*map(run_file, files))
        return ended


def group_by_file(tests: Sequence[str]) -> dict[str, list[str]]:
    """Return tests by the files they are in."""
    files: dict[str, list[str]] = {}
    for test in tests:
        files.setdefault(test.partition("::")[0], []).append(test)
    return files


def _split_shares(root: Path, files: Mapping[str, Sequence[str]], width: int) -> list[list[str]]:
    """Return the tests of files in `width` shares of similar text length. Blocks: stats."""
    shares: list[tuple[int, list[str]]] = [(0, []) for _ in range(width)]
    sizes = {file: (root / file).stat().st_size if (root / file).exists() else 0 for file in files}
    for file in sorted(files, key=sizes.__getitem__, reverse=True):
        size, tests = shares.pop(0)
        shares.append((size + sizes[file], [*tests, *files[file]]))
        shares.sort(key=lambda share: share[0])
    return [tests for _, tests in shares if tests]


def _is_complete(run: RunResult) -> bool:
    """Return whether no test ended the process."""
    return run.is_finished or run.late


def _mark_exited(tests: Sequence[str], run: RunResult) -> RunResult:
    """Return the run of a file's tests; if the process ended early, the file has failed."""
    if _is_complete(run):
        return run
    crash = Crash(PROGRAM_EXIT, "ends the process")
    exited = TestRecord(tests[0].partition("::")[0], "failed", crash=crash)
    return RunResult((*run.records, exited), project=run.project)


def _merge_in_order(files: Sequence[str], runs: Iterable[RunResult]) -> RunResult:
    """Return several runs as one, in the order of their files."""
    runs = list(runs)
    order = {file: number for number, file in enumerate(files)}
    records = [record for run in runs for record in run.records]
    records.sort(key=lambda record: order.get(record.test.partition("::")[0], len(order)))
    project = dict.fromkeys(each for run in runs for each in run.project)
    return RunResult(tuple(records), project=tuple(project))
