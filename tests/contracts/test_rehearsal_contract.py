"""What every rehearsal promises, on a tree with one small cog."""

import hashlib
import re
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner, run_scripts
from theseus_rehearsal.records import CommandStep, Script, ScriptWorld, Transcript
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.adapters.rehearsal import BotRehearsal
from bot.adapters.sandbox import UnavailableSandbox
from bot.domain.errors import RehearsalError
from tests.fakes.repositories import write
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

GREETER = '''
"""Greets, and counts whom it has greeted."""

import discord
from discord import app_commands
from discord.ext import commands


class Greeter(commands.Cog):
    def __init__(self, bot: commands.Bot) -> None:
        self.greeted = 0

    @app_commands.command(description="Greet somebody")
    async def greet(self, interaction: discord.Interaction, name: str) -> None:
        self.greeted += 1
        await interaction.response.send_message(f"Hello {name}, you are number {self.greeted}.")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Greeter(bot))
'''


def greeted(tree: Path, script: Script) -> Transcript:
    """What the cog of that tree answers, read from its text."""
    found = re.search(r'f"(\w+) ', (tree / "cogs/greeter.py").read_text(encoding="utf-8"))
    assert found is not None
    names = [step.options["name"] for step in script.steps if isinstance(step, CommandStep)]
    texts = [f"{found[1]} {name}, you are number {at}." for at, name in enumerate(names, 1)]
    return make_transcript(script, *texts)


def script(*names: str) -> Script:
    steps = tuple(CommandStep(command="greet", options={"name": name}) for name in names)
    return Script(world=ScriptWorld(cogs=("greeter",)), steps=steps)


def texts(transcript: Transcript) -> list[str]:
    return [event.text for step in transcript.steps for event in step.seen]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.slow)])
async def rehearsal(request: pytest.FixtureRequest) -> Rehearsal:
    if request.param == "fake":
        return FakeRehearsal(greeted)
    return BotRehearsal(SandboxedRehearsal(choose_local_sandbox()))


@pytest.fixture
def tree(rehearsal: Rehearsal, tmp_path: Path) -> Path:
    """Return a tree with that cog; the fake reads its text, and needs no bot around it."""
    if not isinstance(rehearsal, FakeRehearsal):
        return make_tree(tmp_path, {"greeter": GREETER})
    write(tmp_path / "tree", {"cogs/greeter.py": GREETER})
    return tmp_path / "tree"


def digest(tree: Path) -> dict[str, str]:
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


async def test_a_transcript_has_each_step_and_what_was_seen_of_it(
    rehearsal: Rehearsal, tree: Path
) -> None:
    asked = script("Ada", "Bob")
    async with rehearsal.open(tree) as player:
        played = await player.run(asked)
    assert tuple(step.step for step in played.steps) == asked.steps
    assert texts(played) == ["Hello Ada, you are number 1.", "Hello Bob, you are number 2."]
    assert not played.has_failed


async def test_a_script_sees_nothing_of_earlier_ones_and_plays_are_equal(
    rehearsal: Rehearsal, tree: Path
) -> None:
    first, again, other = await run_scripts(
        rehearsal, tree, [script("Ada"), script("Ada"), script("Bob")]
    )
    assert first == again
    assert texts(other) == ["Hello Bob, you are number 1."]


async def test_the_code_that_is_played_is_that_of_the_tree(
    rehearsal: Rehearsal, tree: Path
) -> None:
    cog = tree / "cogs" / "greeter.py"
    cog.write_text(GREETER.replace("Hello ", "Welcome "), encoding="utf-8")
    (played,) = await run_scripts(rehearsal, tree, [script("Ada")])
    assert texts(played) == ["Welcome Ada, you are number 1."]


async def test_an_edit_of_a_cog_is_seen_by_the_next_play(rehearsal: Rehearsal, tree: Path) -> None:
    async with rehearsal.open(tree) as player:
        assert texts(await player.run(script("Ada"))) == ["Hello Ada, you are number 1."]
        cog = tree / "cogs" / "greeter.py"
        cog.write_text(GREETER.replace("Hello ", "Welcome "), encoding="utf-8")
        assert texts(await player.run(script("Ada"))) == ["Welcome Ada, you are number 1."]


async def test_the_tree_stays_as_it_was(rehearsal: Rehearsal, tree: Path) -> None:
    before = digest(tree)
    await run_scripts(rehearsal, tree, [script("Ada")])
    assert digest(tree) == before


@pytest.mark.parametrize(
    "refusing",
    [
        FakeRehearsal(greeted, refusal=RehearsalError("there is no sandbox here")),
        BotRehearsal(SandboxedRehearsal(UnavailableSandbox("there is no sandbox here"))),
    ],
)
async def test_where_nothing_can_be_played_the_reason_is_raised(
    refusing: Rehearsal, tmp_path: Path
) -> None:
    with pytest.raises(RehearsalError, match="no sandbox here"):
        async with refusing.open(tmp_path):
            pytest.fail("it must not open")


async def test_a_player_is_a_script_player(rehearsal: Rehearsal, tree: Path) -> None:
    async with rehearsal.open(tree) as player:
        lent: ScriptRunner = player
        assert not (await lent.run(script("Ada"))).trouble


async def test_files_are_kept_only_where_that_is_asked_for(
    rehearsal: Rehearsal, tree: Path
) -> None:
    keeper = GREETER.replace(
        "self.greeted += 1", 'self.greeted += 1; (self.state / "names.txt").write_text(name)'
    ).replace("self.greeted = 0", "self.greeted = 0; self.state = bot.state")
    (tree / "cogs" / "greeter.py").write_text(keeper, encoding="utf-8")
    if isinstance(rehearsal, FakeRehearsal):
        kept = {"names.txt": "QWRh"}
        rehearsal.answers = lambda folder, asked: greeted(folder, asked).replace(file_contents=kept)
    async with rehearsal.open(tree) as player:
        assert (await player.run(script("Ada"))).file_contents == {}
        assert (await player.run(script("Ada"), keep_files=True)).file_contents == {
            "names.txt": "QWRh"
        }
