"""Whether a change can be reverted: the old code on the files that the change left."""

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_guard.records import FileChange
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import (
    CommandStep,
    PlayedError,
    PlayedStep,
    Script,
    ScriptWorld,
    Transcript,
)
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.change import ChangeSet
from bot.domain.errors import RehearsalError
from bot.domain.trials import RevertTrial
from bot.self_improvement.checks.revert_rehearsal import RevertRehearsal
from tests.fakes.differences import Files
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_traffic import FakeTraffic
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

COUNT = """
import json

import discord
from discord import app_commands
from discord.ext import commands

class Tally(commands.Cog):
    def __init__(self, bot):
        self.file = bot.state / "tally.json"

    @app_commands.command(description="Count one more.")
    async def count(self, interaction: discord.Interaction) -> None:
        kept = json.loads(self.file.read_text()) if self.file.exists() else 0
        self.file.write_text(json.dumps(kept + 1))
        await interaction.response.send_message(str(kept + 1))

async def setup(bot):
    await bot.add_cog(Tally(bot))
"""
BY_NAME = COUNT.replace("else 0", 'else {"all": 0}').replace(
    "kept + 1", 'kept | {"all": kept["all"] + 1}'
)
LOUDER = COUNT.replace("send_message(str(", 'send_message("Now " + str(')
COUNTS = Script(world=ScriptWorld(cogs=("tally",)), steps=(CommandStep(command="count"),))
FLIPS = Script(world=ScriptWorld(cogs=("coin",)), steps=(CommandStep(command="flip"),))
CHANGE = ChangeSet(
    base="base", head="head", branch="b", engine="e", summary="",
    files=(FileChange(path="cogs/tally.py", added=1, removed=1),),
)  # fmt: skip


def brief(script: Script) -> Brief:
    example = Acceptance(
        asked="", expected="", script=script, wanted=(Wanted(step=0, shows=("1",)),),
        missing="another answer",
    )  # fmt: skip
    return Brief(request="", understood="", acceptances=(example,))


async def tried(rehearsal: Rehearsal, base: Files, head: Files, script: Script) -> RevertTrial:
    trees = FakeCommitTrees({"base": base, "head": head})
    undo = RevertRehearsal(rehearsal, trees, FakeTraffic(), FakeClock(), lookback=timedelta(days=1))
    return await undo(CHANGE, brief(script))


def leaves(text: str, failing: Callable[[dict[str, str]], bool]) -> FakeRehearsal:
    """Return a rehearsal in which head leaves a file with that text, and base one with `1`."""

    def played(tree: Path, script: Script) -> Transcript:
        head = b"head" in (tree / "cogs/tally.py").read_bytes()
        content = base64.b64encode(text.encode() if head else b"1").decode()
        errors = (PlayedError(event="command.count", error="TypeError"),)
        step = PlayedStep(
            step=script.steps[0], errors=errors if failing(script.world.files) else ()
        )
        return Transcript(
            steps=(step,), files={"tally.json": content}, file_contents={"tally.json": content}
        )

    return FakeRehearsal(played)


BASE: Files = {"cogs/tally.py": b"base"}
HEAD: Files = {"cogs/tally.py": b"head", "cogs/coin.py": b"head"}
BY_HEAD = base64.b64encode(b"2").decode()


def on_heads(files: dict[str, str]) -> bool:
    return files.get("tally.json") == BY_HEAD


async def test_older_code_that_fails_on_what_the_change_left_is_told() -> None:
    found = await tried(leaves("2", on_heads), BASE, HEAD, COUNTS)
    assert found.summary == (
        "⚠️ today's code fails on what this leaves behind in `tally.json`: `command.count` fails "
        "with TypeError"
    )


async def test_older_code_that_goes_on_is_told_too() -> None:
    found = await tried(leaves("2", lambda _: False), BASE, HEAD, COUNTS)
    assert (
        found.summary == "tried: today's code goes on with what this leaves behind in `tally.json`"
    )


async def test_what_fails_on_its_own_files_as_well_is_no_fault_of_the_change() -> None:
    found = await tried(leaves("2", bool), BASE, HEAD, COUNTS)
    assert (found.script_count, found.failure) == (1, "")


async def test_where_the_same_files_are_left_nothing_has_to_be_tried() -> None:
    rehearsal = leaves("1", on_heads)
    assert await tried(rehearsal, BASE, HEAD, COUNTS) == RevertTrial()
    assert len(rehearsal.replayed) == 2


async def test_nobody_reads_the_files_of_a_cog_that_is_new() -> None:
    rehearsal = leaves("2", on_heads)
    found = await tried(rehearsal, BASE, HEAD, FLIPS)
    assert found.summary == "nothing is left behind that today's code would read"
    assert rehearsal.replayed == []


async def test_where_nothing_can_be_played_that_is_told() -> None:
    rehearsal = FakeRehearsal(refusal=RehearsalError("there is no sandbox"))
    found = await tried(rehearsal, BASE, HEAD, COUNTS)
    assert found.summary == "not tried: there is no sandbox"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "told"),
    [
        (BY_NAME, "⚠️ today's code fails on what this leaves behind in `tally.json`"),
        (LOUDER, "nothing is left behind that today's code would read"),
    ],
)
async def test_a_file_in_another_form_keeps_a_real_bot_from_going_back(
    tmp_path: Path, head: str, told: str
) -> None:
    def files(name: str, source: str) -> Files:
        tree = make_tree(tmp_path / name, {"tally": source})
        paths = [path for path in tree.rglob("*") if path.is_file() and path.suffix != ".pyc"]
        return {path.relative_to(tree).as_posix(): path.read_bytes() for path in paths}

    rehearsal = SandboxedRehearsal(choose_local_sandbox())
    found = await tried(rehearsal, files("base", COUNT), files("head", head), COUNTS)
    assert found.summary.startswith(told), found
