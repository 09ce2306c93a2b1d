"""The checks that start a commit's code: a replay, the next ones, and the start of the whole bot.

Each is given a new export of the commit, in which nothing is compiled. The baseline of all is a
further replay, which starts nothing.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.repeatability import ROLL, time_further_replays, time_replay
from bench.rows import Row, compute_median
from bench.script_data import build_script, extract_tree, open_rehearsal
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_trees import GitTrees
from bot.adapters.system_clock import SystemClock
from bot.app.demo import find_project_root
from bot.infra.git import Git
from bot.self_improvement.checks.start_check import StartCheck

ROUNDS = 3


async def measure(rounds: int = ROUNDS) -> Sequence[Row]:
    """Return a row for a first replay, one for further ones, and one for the start check."""
    root, rehearsal = find_project_root(), await open_rehearsal()
    head = await GitCheckout(root).get_head()
    check = StartCheck(rehearsal, GitTrees(Git(root)), SystemClock())
    script = build_script("dice", ROLL)
    first, further, checks = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
            tree = await extract_tree(Path(folder) / "tree")
            first.append(await time_replay(rehearsal, tree, script))
            further.append(await time_further_replays(rehearsal, tree, script))
        began = time.perf_counter()
        result = await check(head, head, fresh=True)
        checks.append(time.perf_counter() - began)
        if result.status != "passed":
            raise RuntimeError(f"the start check {result.status}: {result.summary}")
    base = compute_median(further)
    return [
        Row(
            bench="replays", name=name, ours=compute_median(times), baseline=base,
            baseline_name="a further replay", ratio=compute_median(times) / base, pairs=rounds,
        )
        for name, times in (("a first replay", first), ("the start check", checks))
    ]  # fmt: skip
