"""Times of real replays in the sandbox."""

import time
from pathlib import Path

import pytest
from theseus_rehearsal.records import CommandStep, Script, ScriptWorld
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.proof.measurement import build_speed_proof, measure_rounds
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

pytestmark = pytest.mark.slow

SLOW = """
import discord
from discord import app_commands
from discord.ext import commands

class Sums(commands.Cog):
    @app_commands.command(description="Add up.")
    async def total(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(sum(each % 7 for each in range(4_000_000))))

async def setup(bot):
    await bot.add_cog(Sums())
"""
FAST = SLOW.replace("4_000_000", "4_000")
TOTAL = Script(world=ScriptWorld(cogs=("sums",)), steps=(CommandStep(command="total"),))


async def test_a_command_that_computes_less_is_faster_and_the_same_code_is_not(
    tmp_path: Path,
) -> None:
    slow = make_tree(tmp_path / "slow", {"sums": SLOW})
    fast = make_tree(tmp_path / "fast", {"sums": FAST})
    rehearsal = SandboxedRehearsal(choose_local_sandbox())
    for base, head, holds in ((slow, fast, True), (fast, fast, False)):
        rounds = await measure_rounds(rehearsal, base, head, [TOTAL], time.monotonic)
        proof = build_speed_proof(rounds)
        assert proof.holds is holds, proof
