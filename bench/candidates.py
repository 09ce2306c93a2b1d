"""Judging a candidate of the offline engine, with and without what is imported ahead of it."""

import itertools
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.rows import Row, Timed, in_turns
from bot.adapters.sandbox import choose_sandbox
from bot.app.demo import project_root
from bot.ports.sandbox import Sandbox
from bot.repair.forking_runner import ForkingRunner
from bot.repair.runner import RunResult, TimeLimits

PAIRS = 15
COG = "cogs/reminders.py"
RIGHT, FAULT = "due = self._now() + seconds", "due = self._now() + seconds + None"
TEST = "tests/cogs/test_reminders.py::test_a_reminder_comes_when_it_is_due_and_only_once"
LIMITS = TimeLimits()


async def measure() -> Sequence[Row]:
    """Return one row: a fault in a command's method, judged by a test in a room of the cogs'."""
    sandbox = await choose_sandbox("auto", required=False)
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        tree = Path(folder, "tree")
        text = _laid_out(tree)
        async with _runner(sandbox, tree) as ahead, _runner(sandbox, tree) as plain:
            first = await _started(ahead)
            await ahead.preload(first.modules, project=first.project, changing=[COG])
            await plain.preload((await _started(plain)).modules)
            ours, baseline, ratio = await in_turns(
                _timed(ahead, text), _timed(plain, text), pairs=PAIRS
            )
    return [
        Row(
            bench="candidates", name="a candidate judged", ours=ours, baseline=baseline,
            baseline_name="the project imported each time", ratio=ratio, pairs=PAIRS,
        )
    ]  # fmt: skip


def _laid_out(tree: Path) -> str:
    """Lay this repository's files out with the fault in them; return the cog without it."""
    subprocess.run(
        ["git", "clone", "--quiet", "--local", str(project_root()), str(tree)], check=True
    )
    text = (tree / COG).read_text(encoding="utf-8")
    if RIGHT not in text:
        raise RuntimeError(f"{COG} has changed: there is no line {RIGHT!r}")
    (tree / COG).write_text(text.replace(RIGHT, FAULT), encoding="utf-8")
    return text


def _runner(sandbox: Sandbox, tree: Path) -> ForkingRunner:
    def confine(argv: Sequence[str], folder: Path) -> Sequence[str]:
        command, env = sandbox.wrap(
            argv, cwd=folder, writable=[folder], env={"PYTHONPATH": str(folder)}
        )
        return ["env", "-i", *(f"{name}={value}" for name, value in env.items()), *command]

    return ForkingRunner(tree, confine=confine)


async def _started(runner: ForkingRunner) -> RunResult:
    """Return how the test ends with the fault, and what it imports."""
    result = await runner.run([TEST], {}, LIMITS, modules=True)
    if result.green or not result.ended:
        raise RuntimeError(f"{TEST} does not fail: {result.output}")
    return result


def _timed(runner: ForkingRunner, text: str) -> Timed:
    numbers: Callable[[], int] = itertools.count().__next__

    async def judged() -> float:
        start = time.perf_counter()
        result = await runner.run([TEST], {COG: f"{text}# {numbers()}\n"}, LIMITS)
        taken = time.perf_counter() - start
        if not result.green:
            raise RuntimeError(f"{TEST} is not mended: {result.output}")
        return taken

    return judged
