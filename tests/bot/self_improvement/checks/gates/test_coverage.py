"""Changed lines that neither tests nor replays run are listed."""

from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import CommandStep, Script, ScriptWorld
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.domain.code_coverage import CodeCoverage
from bot.domain.errors import RehearsalError, VerifierError
from bot.domain.gates import GateResult, GateRules
from bot.proof.changed_statements import format_lines, list_changed_statements
from bot.self_improvement.checks.gates.coverage import CoverageGate
from bot.self_improvement.checks.gates.reached_scripts import ReachedScripts
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_coverage_meter import FakeCoverageMeter
from tests.fakes.fake_traffic import FakeTraffic
from tests.support.gate_cases import make_case, make_use
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

DICE = "cogs/dice.py"
BASE = {DICE: "def roll(n):\n    return n\n"}
HEAD = {
    DICE: "def roll(n):\n    if n < 1:\n        raise ValueError(\n            n,\n        )\n"
    "    n += 1\n    return n\n",
    "tests/test_dice.py": "def test_it():\n    assert False\n",
}


async def judge(
    folder: Path,
    *,
    by_tests: set[int] | None = None,
    by_replays: set[int] | None = None,
    required: float = 0,
) -> GateResult:
    """Return the result if these lines ran; `None` means that nothing can be run there."""
    case, clock, traffic = await make_case(folder, BASE, HEAD), FakeClock(), FakeTraffic()
    traffic.records.append(make_use(clock, "dice", "roll"))

    def fill(_tree: Path, _script: Script, probe: RunProbe) -> None:
        probe.lines[DICE] = set(by_replays or ())

    meter = FakeCoverageMeter(CodeCoverage(commit="head"), lines={DICE: frozenset(by_tests or ())})
    meter.error = VerifierError("no tests") if by_tests is None else None
    refusal = RehearsalError("no sandbox") if by_replays is None else None
    gate = CoverageGate(
        meter,
        FakeRehearsal(fill=fill, refusal=refusal),
        FakeCommitTrees({"head": {DICE: b""}}),
        ReachedScripts(traffic, clock, lookback=timedelta(days=1)),
        rules=GateRules(covered_percent=required),
    )
    return (await gate.judge(case)).result


async def test_lines_that_tests_or_replays_run_count_together(tmp_path: Path) -> None:
    found = await judge(tmp_path, by_tests={2}, by_replays={6, 7})
    assert (found.status, found.summary) == ("passed", "2 of 3 changed statements run")
    assert found.details == (f"never run: `{DICE}:3`",)


async def test_a_minimum_can_be_required(tmp_path: Path) -> None:
    found = await judge(tmp_path, by_tests={2}, by_replays=set(), required=50)
    assert found.summary == "1 of 3 changed statements run, 50 % are required"
    assert (found.status, found.details) == (
        "failed",
        (f"never run: `{DICE}:3`", f"never run: `{DICE}:6`"),
    )


async def test_nothing_is_replayed_where_tests_run_each_line(tmp_path: Path) -> None:
    found = await judge(tmp_path, by_tests={2, 3, 6}, required=100)
    assert (found.status, found.details) == ("passed", ())


async def test_a_part_that_cannot_run_is_named_and_without_both_nothing_is_decided(
    tmp_path: Path,
) -> None:
    half = await judge(tmp_path, by_tests={2}, required=30)
    assert (half.status, half.details[-1]) == ("passed", "without a part: no sandbox")
    none = await judge(tmp_path / "2", required=100)
    assert (none.status, none.summary) == ("unmeasured", "nothing could be run: no tests")


def test_only_statements_that_python_runs_count() -> None:
    source = (
        '"""Text."""\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\n'
        "@deco\ndef f():\n    y: int\n    global z\n    try:\n        a = 1\n"
        "    except E:\n        pass\n"
    )
    firsts = [each.first for each in list_changed_statements(source, range(1, 20))]
    assert firsts == [2, 3, 6, 9, 10, 12]
    assert list_changed_statements("def (", [1]) == ()
    assert format_lines("a.py", [3, 1, 2, 7]) == ("a.py:1-3", "a.py:7")


COG = """
import discord
from discord import app_commands
from discord.ext import commands

class Sums(commands.Cog):
    @app_commands.command(description="Add up.")
    async def total(self, interaction: discord.Interaction) -> None:
        if interaction.guild is None:
            raise ValueError
        await interaction.response.send_message("1")

async def setup(bot):
    await bot.add_cog(Sums())
"""


@pytest.mark.slow
async def test_a_real_replay_notes_the_lines_that_ran(tmp_path: Path) -> None:
    script = Script(world=ScriptWorld(cogs=("sums",)), steps=(CommandStep(command="total"),))
    probe = RunProbe(files=["cogs/sums.py"])
    async with SandboxedRehearsal(choose_local_sandbox()).open(
        make_tree(tmp_path, {"sums": COG})
    ) as player:
        await player.run(script, probe=probe)
    lines = COG.splitlines()
    ran = {lines[number - 1].strip() for number in probe.lines["cogs/sums.py"]}
    assert "if interaction.guild is None:" in ran
    assert 'await interaction.response.send_message("1")' in ran
    assert "raise ValueError" not in ran
    assert probe.costs[0].seconds > 0
