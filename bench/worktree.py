"""Lending a worktree, against cloning the repository and removing the clone."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row, measure_pairs
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.app.demo import find_project_root
from bot.demo.workspace import DemoPaths, DemoWorkspace, prepare

PAIRS = 15
_NO_DISCORD = DemoPaths(guild_id=0, dev_channel_id=0, listed=(), url="", engine="offline")


async def measure() -> Sequence[Row]:
    """Return one row, measured on a private clone of this repository."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as home:
        workspace = DemoWorkspace.from_home(Path(home))
        await prepare(find_project_root(), workspace, None, _NO_DISCORD)
        base = await GitCheckout(workspace.checkout).get_head()
        workspaces = GitWorkspaces(workspace.checkout, workspace.home / "worktrees")
        runs = iter(range(1_000_000))

        async def lease() -> float:
            run_id = f"bench{next(runs)}"
            start = time.perf_counter()
            async with workspaces.open(run_id, base=base):
                pass
            taken = time.perf_counter() - start
            await workspaces.drop(run_id)
            return taken

        async def measure_clone() -> float:
            return await asyncio.to_thread(
                _clone_and_remove, workspace.checkout, workspace.home / "clone"
            )

        ours, baseline, ratio = await measure_pairs(lease, measure_clone, pairs=PAIRS)
    return [
        Row(
            bench="worktree", name="lend and give back", ours=ours, baseline=baseline,
            baseline_name="git clone --local and remove", ratio=ratio, pairs=PAIRS,
        )
    ]  # fmt: skip


def _clone_and_remove(source: Path, to: Path) -> float:
    start = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", "--local", str(source), str(to)], check=True)
    shutil.rmtree(to)
    return time.perf_counter() - start
