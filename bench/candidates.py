"""The time to judge a candidate of the offline engine: cold, with prepared imports, and
collected once.
"""

import itertools
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.runner import RunResult, TimeLimits

from bench.rows import Row, Timed, measure_pairs
from bot.adapters.sandbox import choose_sandbox
from bot.app.demo import find_project_root

PAIRS = 15
COG = "cogs/reminders.py"
RIGHT, FAULT = "due = self._get_time() + seconds", "due = self._get_time() + seconds + None"
TEST = "tests/cogs/test_reminders.py::test_a_reminder_comes_when_it_is_due_and_only_once"
# A plain function, like most repaired code, so that no time is spent on Discord.
DICE = "cogs/dice.py"
CALL = "tests/test_reproduction.py"
CALLING = "from cogs.dice import parse_notation\n\n\ndef test_it():\n    parse_notation('2d6')\n"
LIMITS = TimeLimits()


async def measure() -> Sequence[Row]:
    """Return two rows: a fault in a command, and edits of a function that a test calls."""
    sandbox = await choose_sandbox("auto", required=False)
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        tree = Path(folder, "tree")
        text = _lay_out(tree)
        async with _create_runner(sandbox, tree) as ahead, _create_runner(sandbox, tree) as plain:
            first = await _run_failing_test(ahead)
            await ahead.preload(first.modules, project=first.project, changing=[COG])
            await plain.preload((await _run_failing_test(plain)).modules)
            imported = await measure_pairs(
                _time_candidate(ahead, text), _time_candidate(plain, text), pairs=PAIRS
            )
        (tree / CALL).write_text(CALLING, encoding="utf-8")
        async with _create_runner(sandbox, tree) as runner:
            collected = await _measure_collected(runner, (tree / DICE).read_text(encoding="utf-8"))
    return [
        _build_row(
            "a candidate judged, imported ahead", imported, "the project imported each time"
        ),
        _build_row(
            "a candidate judged, tests collected once", collected, "pytest started each time"
        ),
    ]


async def _measure_collected(runner: ForkingRunner, text: str) -> tuple[float, float, float]:
    """Return the times of a test that is collected, and that pytest is started for."""
    first = await runner.run([CALL], {}, LIMITS, modules=True)
    await runner.preload(first.modules, project=first.project, changing=[DICE])
    tests = [record.test for record in first.records]
    obstacle = await runner.collect(tests, [DICE])
    if obstacle:
        raise RuntimeError(f"{CALL} cannot be collected once: {obstacle}")
    once = _time_candidate(runner, text, path=DICE, tests=tests)
    each = _time_candidate(runner, text, path=DICE, tests=tests, fresh=True)
    return await measure_pairs(once, each, pairs=PAIRS)


def _build_row(name: str, times: tuple[float, float, float], baseline_name: str) -> Row:
    ours, baseline, ratio = times
    return Row(
        bench="candidates", name=name, ours=ours, baseline=baseline,
        baseline_name=baseline_name, ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


def _lay_out(tree: Path) -> str:
    """Write this repository's files with the fault; return the cog without it."""
    subprocess.run(
        ["git", "clone", "--quiet", "--local", str(find_project_root()), str(tree)], check=True
    )
    text = (tree / COG).read_text(encoding="utf-8")
    if RIGHT not in text:
        raise RuntimeError(f"{COG} has changed: there is no line {RIGHT!r}")
    (tree / COG).write_text(text.replace(RIGHT, FAULT), encoding="utf-8")
    return text


def _create_runner(sandbox: Sandbox, tree: Path) -> ForkingRunner:
    def confine(argv: Sequence[str], folder: Path) -> Sequence[str]:
        command, env = sandbox.wrap(
            argv, cwd=folder, writable=[folder], env={"PYTHONPATH": build_python_path(folder)}
        )
        return ["env", "-i", *(f"{name}={value}" for name, value in env.items()), *command]

    return ForkingRunner(tree, confine=confine)


async def _run_failing_test(runner: ForkingRunner) -> RunResult:
    """Return how the test ends with the fault, and what it imports."""
    result = await runner.run([TEST], {}, LIMITS, modules=True)
    if result.is_passing or not result.is_finished:
        raise RuntimeError(f"{TEST} does not fail: {result.output}")
    return result


def _time_candidate(
    runner: ForkingRunner,
    text: str,
    *,
    path: str = COG,
    tests: Sequence[str] = (TEST,),
    fresh: bool = False,
) -> Timed:
    numbers: Callable[[], int] = itertools.count().__next__

    async def judge_once() -> float:
        start = time.perf_counter()
        texts = {path: f"{text}# {numbers()}\n"}
        result = await runner.run(tests, texts, LIMITS, fresh=fresh)
        taken = time.perf_counter() - start
        if not result.is_passing:
            raise RuntimeError(f"{tests[0]} is not green: {result.output}")
        return taken

    return judge_once
