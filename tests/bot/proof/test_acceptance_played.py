"""Acceptance examples with real code: in the sandbox, and as stored tests."""

import runpy
from pathlib import Path

import pytest
from theseus_rehearsal.records import CommandStep, PressStep, Script, ScriptWorld
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.plan import Reproduction
from bot.proof.acceptance import build_acceptance_tests, find_example_problems
from bot.proof.acceptance_runs import build_behaviour_proof, find_unfounded_examples, run_examples
from bot.proof.reproduction import ROOM
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import ROOT, make_tree

pytestmark = pytest.mark.slow

COIN = """
import random
import discord
from discord import app_commands
from discord.ext import commands

class Again(discord.ui.View):
    @discord.ui.button(label="Again")
    async def again(self, interaction, button):
        await interaction.response.edit_message(content=f"Again: {fall()}")

class Coin(commands.Cog):
    @app_commands.command(description="Flip a coin.")
    async def coinflip(self, interaction: discord.Interaction, times: int = 1) -> None:
        told = f"{times} results: " + ", ".join(fall() for _ in range(times))
        await interaction.response.send_message(told, view=Again())

def fall() -> str:
    return random.choice(["heads", "tails"])

async def setup(bot):
    await bot.add_cog(Coin())
"""
PLAIN = COIN.replace(", times: int = 1", "").replace("{times} results", "1 result").replace(
    "range(times)", "range(1)"
).replace(", view=Again()", "")  # fmt: skip
STUBS = {
    "nothing": COIN.replace('", ".join(fall() for _ in range(times))', '""').replace(
        "{times} results: ", "."
    ),
    "a constant": COIN.replace("told = f", 'told = "1 results 3 results heads tails again" or f'),
    "the same side": COIN.replace('random.choice(["heads", "tails"])', '"heads"'),
}


def example(
    asked: str, *steps: CommandStep | PressStep, missing: str, **wanted: object
) -> Acceptance:
    return Acceptance.model_validate(
        {
            "asked": asked,
            "told": "results",
            "script": Script(world=ScriptWorld(cogs=("coin",)), steps=steps),
            "wanted": [Wanted(step=len(steps) - 1).replace(**wanted)],
            "missing": missing,
        }
    )


def brief(command: str, option: str, press: str) -> Brief:
    flip = CommandStep(command="coinflip")
    thrice = flip.replace(options={"times": 3})
    examples = (
        example("/coinflip", flip, missing=command, shows=("1 result",), one_of=("heads", "tails")),
        example("/coinflip times:3", thrice, missing=option, shows=("3 results",)),
        example("Again", flip, PressStep(press="Again"), missing=press, shows=("Again: ",)),
    )
    return Brief(request="add /coinflip", understood="A coin.", acceptances=examples)


NEW = brief("no such cog", "no such cog", "no such cog")
MORE = brief("another answer", "no such option", "another answer")


async def test_a_new_cog_is_red_before_and_green_after_and_no_stub_is(tmp_path: Path) -> None:
    rehearsal = SandboxedRehearsal(choose_local_sandbox())
    assert find_example_problems(NEW, ["dice"]) == ()
    base = await run_examples(rehearsal, make_tree(tmp_path / "base", {}), NEW)
    head = await run_examples(rehearsal, make_tree(tmp_path / "head", {"coin": COIN}), NEW)

    assert find_unfounded_examples(base) == ()
    proof = build_behaviour_proof(NEW, base, head)
    assert proof.holds, proof
    for name, source in STUBS.items():
        tree = make_tree(tmp_path / name, {"coin": source})
        assert not build_behaviour_proof(NEW, base, await run_examples(rehearsal, tree, NEW)).holds


async def test_what_a_command_does_not_do_yet_is_told_by_its_reason(tmp_path: Path) -> None:
    rehearsal = SandboxedRehearsal(choose_local_sandbox())
    tree = make_tree(tmp_path, {"coin": PLAIN})
    (first, *others) = await run_examples(rehearsal, tree, MORE)
    assert find_unfounded_examples([first]) == ("`/coinflip`: it is already answered this way",)
    assert find_unfounded_examples(others) == ()


class KeptTest:
    """An example as the test that is kept, run with some cog."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.syspath_prepend(str(folder))

    async def run(self, test: Reproduction, cog: str, number: int) -> None:
        """Run it; the cog has a module of its own each time, for Python keeps what it imports."""
        (self._folder / f"coin_{number}.py").write_text(cog, "utf-8")
        file = self._folder / f"test_{number}.py"
        file.write_text(test.source.replace('"cogs.coin"', f'"coin_{number}"'), "utf-8")
        state = self._folder / f"state_{number}"
        state.mkdir()
        await runpy.run_path(str(file))[test.node_id.rpartition("::")[2]](state)


async def test_the_tests_that_are_kept_are_red_and_green_as_the_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, number = KeptTest(tmp_path, monkeypatch), 0
    room = (ROOT / ROOM).read_text("utf-8")
    tests = [test for test in build_acceptance_tests(MORE, ["coin"], room) if test is not None]
    assert len(tests) == 3
    for test in tests:
        number += 1
        await kept.run(test, COIN, number)
    for test, red in zip(tests[1:], ("OptionError", "AssertionError"), strict=True):
        number += 1
        with pytest.raises(Exception) as raised:
            await kept.run(test, PLAIN, number)
        assert type(raised.value).__name__ == red == test.expects
    with pytest.raises(AssertionError):
        await kept.run(tests[0], STUBS["the same side"], number + 1)
