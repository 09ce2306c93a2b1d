"""The results of `theseus repair` on faults in published packages: right, other, wrong or none.

Each fault of `repair_cases` is one edit by a mutation tool that a test of the package detects. The
repair is given that one test, as a user would type it. Its answer is right if the code equals the
package's own. It is wrong if a test of the complete suite passes with the package's code but not
with the answer, and other if no test distinguishes them. pip downloads packages from the package
index.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from bench.repair_cases import (
    Case,
    Half,
    Package,
    RepairSet,
    is_same_code,
    plant_case,
    read_set,
    unpack,
)
from bench.rows import Row, compute_median, format_duration
from bot.app.demo import find_project_root
from bot.domain.errors import ConfigError

SECONDS = 60.0
"""How long the repair may search for each."""

_SUITE_SECONDS = 300.0
_FETCH_SECONDS = 900.0
_LISTED = ("-q", "-rp", "--tb=no", "--color=no", "-p", "no:cacheprovider")
_PASSED = "PASSED "
_NUMBERED = re.compile(r"(?<=[\[-])([A-Za-z_]+)\d+(?=[-\]])")

Verdict = Literal["right", "other", "wrong", "none"]


class CaseResult(NamedTuple):
    """What came of a case: `label` is what the repair called its answer, "" without one."""

    case: Case
    verdict: Verdict
    label: str = ""
    seconds: float = 0.0
    broken: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Return it as a line for a terminal, without the edit, so that half b stays unseen."""
        lost = f": {', '.join(self.broken[:3])}" if self.broken else ""
        label = self.label or "-"
        took = format_duration(self.seconds)
        return f"{self.case.name:40}{label:11}{self.verdict:7}{took:>8}{lost}"


async def measure_cases(
    cases: Sequence[Case], seconds: float = SECONDS, jobs: int = 1
) -> Sequence[Row]:
    """Return a row per label, with `jobs` cases at a time; report each case as soon as it is
    known.
    """
    done: list[CaseResult] = []
    with TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder:
        bench = RepairBenchmark(Path(folder), read_set(), seconds)
        async for each in bench.run_cases(cases, jobs):
            sys.stderr.write(f"{each.line}\n")
            done.append(each)
    return list(build_rows(done))


def choose_cases(
    half: Half | None, limit: int | None, names: Collection[str] = ()
) -> Sequence[Case]:
    """Return the cases of a half, or with these names; at most so many, over all packages."""
    cases = [each for each in read_set().cases if half in (None, each.half)]
    if names:
        return [each for each in cases if each.name in names]
    if limit is None:
        return cases
    number: Counter[str] = Counter()
    turns = []
    for each in cases:
        turns.append((number[each.package], each.package, each))
        number[each.package] += 1
    first = sorted(turns, key=lambda turn: turn[:2])[:limit]
    return [each for *_, each in first]


def build_rows(done: Sequence[CaseResult]) -> Iterator[Row]:
    """Yield how many are right of all, of each half, and of what has each label."""
    if not done:
        return
    yield _build_row("all", done)
    for half in ("a", "b"):
        of_half = [each for each in done if each.case.half == half]
        labels = dict.fromkeys(each.label for each in of_half if each.label)
        if of_half:
            yield _build_row(f"half {half}", of_half)
        for label in labels:
            yield _build_row(f"  {label}", [each for each in of_half if each.label == label])


def _build_row(name: str, done: Sequence[CaseResult]) -> Row:
    counts = Counter(each.verdict for each in done)
    others = ", ".join(
        f"{counts[word]} {word}" for word in ("other", "wrong", "none") if counts[word]
    )
    took = f"{compute_median([each.seconds for each in done]):.0f} s"
    return Row(
        bench="repair-set", name=f"{name}: right ({others or 'all'}; {took})", unit="faults",
        ours=counts["right"], baseline=len(done), baseline_name="cases",
        ratio=counts["right"] / len(done),
    )  # fmt: skip


class RepairBenchmark:
    """The packages as fetched, an interpreter with what their tests need, and what passes there."""

    def __init__(self, folder: Path, cases: RepairSet, seconds: float) -> None:
        self._folder = folder
        self._set = cases
        self._seconds = seconds
        self._python = folder / "venv" / "bin" / "python"
        self._passing: dict[str, Counter[str]] = {}

    async def run_cases(self, cases: Sequence[Case], jobs: int = 1) -> AsyncIterator[CaseResult]:
        """Fetch what the cases need, and yield what comes of each, `jobs` at a time.

        Raises `ConfigError` where a package cannot be had, or no test of it passes here.
        """
        await self._make_environment()
        for name in dict.fromkeys(each.package for each in cases):
            await self._fetch(self._set.packages[name])
        turn = asyncio.Semaphore(jobs)
        for each in asyncio.as_completed([self._run_case(case, turn) for case in cases]):
            yield await each

    async def _make_environment(self) -> None:
        await _run_command(_FETCH_SECONDS, sys.executable, "-m", "venv", str(self._folder / "venv"))
        await self._run_pip("install", *self._set.needs)

    async def _run_pip(self, *arguments: str) -> None:
        quiet = ("--quiet", "--disable-pip-version-check")
        await _run_command(_FETCH_SECONDS, str(self._python), "-m", "pip", *arguments, *quiet)

    async def _fetch(self, package: Package) -> None:
        wanted = self._folder / "sdists" / package.name
        await self._run_pip(
            "download", "--no-deps", "--no-binary", ":all:", "--dest", str(wanted),
            f"{package.name}=={package.version}",
        )  # fmt: skip
        unpack(next(wanted.iterdir()), package, self._folder / "packages" / package.name)
        tree = self._get_tree(package)
        self._passing[package.name] = await self._run_tests(package, tree)
        if not self._passing[package.name]:
            raise ConfigError(f"{package.name} {package.version}: no test of it passes here")

    def _get_tree(self, package: Package) -> Path:
        return next((self._folder / "packages" / package.name).iterdir())

    async def _run_case(self, case: Case, turn: asyncio.Semaphore) -> CaseResult:
        package = self._set.packages[case.package]
        tree = self._folder / "cases" / case.name / package.name
        async with turn:
            shutil.copytree(self._get_tree(package), tree)
            plant_case(case, tree)
            message = await self._repair(case, tree)
            verdict, broken = await self._judge_answer(case, tree, message)
            shutil.rmtree(tree)
        return CaseResult(
            case, verdict, message.get("label") or "", message.get("seconds", self._seconds), broken
        )

    async def _repair(self, case: Case, tree: Path) -> dict[str, Any]:
        """Return the output of the command; its fix is then in the tree."""
        options = self._set.packages[case.package].options
        test = " ".join([str(self._python), "-m", "pytest", *options, case.test])
        out = await _run_for_output(
            self._seconds * 1.5, sys.executable, "-m", "bot", "repair", "--repo", str(tree),
            "--test", test, "--time", str(self._seconds), "--apply", "--accept", "plausible",
            "--json", cwd=find_project_root(),
        )  # fmt: skip
        message: dict[str, Any] = json.loads(out) if out.startswith("{") else {}
        return message

    async def _judge_answer(
        self, case: Case, tree: Path, answer: dict[str, Any]
    ) -> tuple[Verdict, tuple[str, ...]]:
        if not answer.get("applied"):
            return "none", ()
        package = self._set.packages[case.package]
        own = (self._get_tree(package) / case.file).read_text(encoding="utf-8")
        if answer["files"] == [case.file] and is_same_code(_read_text(tree / case.file), own):
            return "right", ()
        broken = self._passing[package.name] - await self._run_tests(package, tree)
        return ("wrong" if broken else "other"), tuple(sorted(broken))

    async def _run_tests(self, package: Package, tree: Path) -> Counter[str]:
        words = ("-m", "pytest", *_LISTED, *package.options, package.tests)
        out = await _run_for_output(_SUITE_SECONDS, str(self._python), *words, cwd=tree)
        lines = out.splitlines()
        return parse_passed_tests(lines)


def _read_text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def parse_passed_tests(lines: Iterable[str]) -> Counter[str]:
    """Return the tests that passed according to pytest, without the numbers it gives to arguments.

    pytest numbers the arguments of a set differently in each run: `test_format[expected3-%Y]`.
    """
    names = (line.removeprefix(_PASSED) for line in lines if line.startswith(_PASSED))
    return Counter(_NUMBERED.sub(r"\1", name) for name in names)


async def _run_command(seconds: float, *command: str) -> None:
    """Run a command. Raises `ConfigError` with its output if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), seconds)
    if process.returncode:
        raise ConfigError(f"{' '.join(command)} failed: {out.decode(errors='replace')[-2000:]}")


async def _run_for_output(seconds: float, *command: str, cwd: Path) -> str:
    """Return what a command prints; "" if it takes longer. It leaves no process behind."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"},
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        return ""
    finally:
        _end(process)
    return out.decode(errors="replace")


def _end(process: asyncio.subprocess.Process) -> None:
    """End what is left of its group: it began one."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
