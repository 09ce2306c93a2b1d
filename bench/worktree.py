"""Lending a worktree, against what git offers for it: here, and with 20,000 files."""

import asyncio
import itertools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.rows import Row, Timed, measure_pairs
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.app.demo import find_project_root
from bot.demo.workspace import DemoPaths, DemoWorkspace, prepare

PAIRS = 15
LARGE_PAIRS = 5
_FILES = 20_000
_FOLDERS = 400
_NO_DISCORD = DemoPaths(guild_id=0, dev_channel_id=0, listed=(), url="", engine="offline")
_AS_BENCH = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")


async def measure() -> Sequence[Row]:
    """Return the rows: on a private clone of this repository, and on one with many files."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as home:
        workspace = DemoWorkspace.from_home(Path(home))
        await prepare(find_project_root(), workspace, None, _NO_DISCORD)
        rows.append(
            await _compare(workspace.checkout, "lend and give back", _clone_and_remove, PAIRS)
        )
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as home:
        large = Path(home) / "checkout"
        await asyncio.to_thread(_create_large_repository, large)
        name = f"lend, {_FILES:,} files"
        for baseline in _BASELINES:
            rows.append(await _compare(large, name, baseline, LARGE_PAIRS))
    return rows


async def _compare(
    checkout: Path, name: str, baseline: Callable[[Path, Path], float], pairs: int
) -> Row:
    """Measure the bot's worktrees, which use the last one's files again, against a baseline."""
    base = await GitCheckout(checkout).get_head()
    workspaces = GitWorkspaces(checkout, checkout.with_name("worktrees"), spares=1)
    lease = _lease_changed_worktrees(workspaces, base)

    async def measure_baseline() -> float:
        return await asyncio.to_thread(baseline, checkout, checkout.with_name("other"))

    ours, theirs, ratio = await measure_pairs(lease, measure_baseline, pairs=pairs)
    return Row(
        bench="worktree", name=name, ours=ours, baseline=theirs,
        baseline_name=_BASELINES[baseline], ratio=ratio, pairs=pairs,
    )  # fmt: skip


def _lease_changed_worktrees(workspaces: GitWorkspaces, base: str) -> Timed:
    """Return a lease whose worktree is changed by its user, as a run changes it."""
    numbers: Iterator[int] = itertools.count()

    async def lease() -> float:
        run_id = f"bench{next(numbers)}"
        start = time.perf_counter()
        async with workspaces.open(run_id, base=base) as lent:
            (lent.path / "left-over.txt").touch()
        taken = time.perf_counter() - start
        await workspaces.drop(run_id)
        return taken

    return lease


def _create_large_repository(folder: Path) -> None:
    for number in range(_FOLDERS):
        package = folder / f"package_{number}"
        package.mkdir(parents=True)
        for each in range(_FILES // _FOLDERS):
            text = "".join(f"VALUE_{line} = {number * each + line}\n" for line in range(60))
            (package / f"module_{each}.py").write_text(text, encoding="utf-8")
    _run_git(folder, "init", "--quiet", "--initial-branch", "main")
    _run_git(folder, "add", "--all")
    _run_git(folder, *_AS_BENCH, "commit", "--quiet", "--message", "Many files")
    _run_git(folder, "gc", "--quiet")


def _clone_and_remove(source: Path, to: Path) -> float:
    """Return the seconds of a local clone and of its removal."""
    start = time.perf_counter()
    _run_git(source, "clone", "--quiet", "--local", str(source), str(to))
    shutil.rmtree(to)
    return time.perf_counter() - start


def _add_and_remove(source: Path, to: Path) -> float:
    """Return the seconds of a plain worktree and of its removal."""
    start = time.perf_counter()
    _run_git(source, "worktree", "add", "--quiet", "--detach", str(to))
    _run_git(source, "worktree", "remove", "--force", str(to))
    return time.perf_counter() - start


def _run_git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


_BASELINES: dict[Callable[[Path, Path], float], str] = {
    _clone_and_remove: "git clone --local and remove",
    _add_and_remove: "git worktree add and remove",
}
