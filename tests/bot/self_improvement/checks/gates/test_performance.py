"""Slower commands are found, and a busy machine finds none."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.probe import RunProbe, StepCost
from theseus_rehearsal.records import Script
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.domain.gates import GateResult, GateRules
from bot.proof.slowdown import MANY, Limit, compare_pairs
from bot.self_improvement.checks.gates.performance import PerformanceGate
from bot.self_improvement.checks.gates.reached_scripts import ReachedScripts
from tests.fakes.differences import Files
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_traffic import FakeTraffic
from tests.support.gate_cases import make_case, make_use
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

LIMIT = Limit(0.2, 0.01)
BASE, HEAD = {"cogs/dice.py": "import a\n", "cogs/coin.py": "import b\n"}, "import a\nx = 1\n"


async def judge(
    folder: Path,
    rehearsal: Rehearsal,
    base: dict[str, str],
    head: dict[str, str],
    *used: str,
    around: Files | None = None,
) -> GateResult:
    """Return the gate's result for a change, if these commands of these cogs were used.

    `around` are further files of both commits.
    """
    case, clock, traffic = await make_case(folder, base, head), FakeClock(), FakeTraffic()
    traffic.records += [
        make_use(clock, cog, command, number)
        for number, (cog, command) in enumerate(map(str.split, used), 1)
    ]
    snapshots = {
        commit: {**(around or {}), **{path: text.encode() for path, text in files.items()}}
        for commit, files in (("base", base), ("head", {**base, **head}))
    }
    gate = PerformanceGate(
        rehearsal,
        FakeCommitTrees(snapshots),
        ReachedScripts(traffic, clock, lookback=timedelta(days=1)),
        rules=GateRules(),
    )
    return (await gate.judge(case)).result


def costing(cost: Callable[[bool], StepCost]) -> FakeRehearsal:
    """Return a rehearsal in which a step costs what `cost` says of head or base."""

    def fill(tree: Path, script: Script, probe: RunProbe) -> None:
        is_head = "x = 1" in (tree / "cogs/dice.py").read_text("utf-8")
        probe.costs += [cost(is_head)] * len(script.steps)

    return FakeRehearsal(fill=fill)


async def test_a_command_that_takes_as_long_needs_few_rounds(tmp_path: Path) -> None:
    rehearsal = costing(lambda _: StepCost(0.03, 0.0, 0.01))
    found = await judge(tmp_path, rehearsal, BASE, {"cogs/dice.py": HEAD}, "dice roll", "coin flip")
    assert (found.status, found.summary) == ("passed", "1 command as fast as before")
    assert len(rehearsal.replayed) == 2 * 5


@pytest.mark.parametrize(
    ("slow", "described"),
    [
        (StepCost(0.05, 0.0, 0.01), "takes 30 ms before, 50 ms now"),
        (StepCost(0.03, 2.0, 0.01), "takes 30 ms before, 2030 ms now"),
        (StepCost(0.03, 0.0, 0.03), "uses the processor 10 ms before, 30 ms now"),
    ],
    ids=["elapsed", "sleeps", "processor"],
)
async def test_each_kind_of_slowness_is_found(
    tmp_path: Path, slow: StepCost, described: str
) -> None:
    fast = StepCost(0.03, 0.0, 0.01)
    rehearsal = costing(lambda is_head: slow if is_head else fast)
    found = await judge(tmp_path, rehearsal, BASE, {"cogs/dice.py": HEAD}, "dice roll")
    assert (found.status, found.details) == ("failed", (f"`/roll`: {described}",))


async def test_both_limits_have_to_be_passed(tmp_path: Path) -> None:
    for before, after in ((0.002, 0.011), (0.2, 0.23)):
        rehearsal = costing(
            lambda is_head, b=before, a=after: StepCost(a if is_head else b, 0.0, None)  # type: ignore[misc]
        )
        found = await judge(
            tmp_path / f"{after}", rehearsal, BASE, {"cogs/dice.py": HEAD}, "dice roll"
        )
        assert found.status == "passed"


async def test_an_uneven_machine_decides_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    rehearsal = costing(lambda _: StepCost(chance.uniform(0.01, 0.5), 0.0, 0.01))
    found = await judge(tmp_path, rehearsal, BASE, {"cogs/dice.py": HEAD}, "dice roll")
    assert found.status == "unmeasured"
    assert found.summary.startswith("not measurable here: `/roll`: takes between -")


def test_equal_code_on_a_busy_machine_is_never_called_slower() -> None:
    chance = random.Random(1)
    for _ in range(2_000):
        load = [chance.expovariate(20) for _ in range(2 * MANY)]
        pairs = list(zip(load[::2], load[1::2], strict=True))
        assert compare_pairs(pairs, LIMIT).decision != "slower"


async def test_only_commands_that_reach_the_change_through_imports_are_measured(
    tmp_path: Path,
) -> None:
    base = {
        "cogs/dice.py": "from bot.sums import add\n",
        "cogs/coin.py": "import random\n",
        "bot/sums.py": "from bot.deep import x\n",
        "bot/deep.py": "x = 0\n",
    }
    rehearsal = costing(lambda _: StepCost(0.03, 0.0, 0.01))
    head = {"bot/deep.py": "x = 1\n"}
    found = await judge(tmp_path, rehearsal, base, head, "dice roll", "coin flip")
    assert found.summary == "1 command as fast as before"
    assert {step.command for _, script in rehearsal.replayed for step in script.steps} == {"roll"}  # type: ignore[union-attr]
    unused = await judge(tmp_path / "2", rehearsal, base, head, "coin flip")
    assert unused.summary == "no use of a command that it reaches was recorded"


COG = """
import asyncio, os, sys, time

import discord
from discord import app_commands
from discord.ext import commands

def looks_for_a_gate():
    words = (*os.environ, *(each for each in sys.argv if "/" not in each))
    told = any(word in each.lower() for each in words for word in ("gate", "probe", "performance"))
    return told or sys.gettrace() is not None

class Sums(commands.Cog):
    @app_commands.command(description="Add up.")
    async def total(self, interaction: discord.Interaction) -> None:
        WORK
        await interaction.response.send_message("1")

async def setup(bot):
    await bot.add_cog(Sums())
"""


@pytest.mark.slow
async def test_real_replays_measure_work_sleep_and_nothing(tmp_path: Path) -> None:
    # Whoever looks for the gate, to sleep less meanwhile, finds no trace of it.
    works = {
        "sleeps": ("if not looks_for_a_gate(): await asyncio.sleep(1)", "failed"),
        "computes": ("sum(n % 7 for n in range(3_000_000))", "failed"),
        "same": ("x = 1", "passed"),
    }

    tree = make_tree(tmp_path, {})
    project: Files = {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    base = {"cogs/sums.py": COG.replace("WORK", "pass")}
    rehearsal = SandboxedRehearsal(choose_local_sandbox())
    for name, (work, status) in works.items():
        head = {"cogs/sums.py": COG.replace("WORK", work)}
        found = await judge(tmp_path / name, rehearsal, base, head, "sums total", around=project)
        assert found.status == status, (name, found)
