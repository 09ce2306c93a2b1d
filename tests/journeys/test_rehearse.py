"""`theseus rehearse`, whole: git, sandbox, local Discord, discord.py and a cog of this project."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from theseus_rehearsal.sandbox import probe

from tests.fakes.repositories import commit, run_git
from tests.support.sample_tree import make_tree

pytestmark = pytest.mark.slow

COUNTER = """
import random

import discord
from discord import app_commands
from discord.ext import commands


class Counter(commands.Cog):
    def __init__(self) -> None:
        self.total = 0

    @app_commands.command(description="Count")
    async def count(self, interaction: discord.Interaction, by: int = 1) -> None:
        self.total += by
        await interaction.response.send_message(f"{interaction.user.name} counts {self.total}")

    @app_commands.command(description="Draw")
    async def draw(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"drawn: {random.random()}")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Counter())
"""
SCRIPT = """
world:
  people: [alice, bob]
  cogs: [counter]
steps:
  - command: /count by:2
  - command: /count by:40
    by: bob
  - command: /draw
"""


class Counted:
    """A repository of commits: sound, one that counts otherwise, one that raises, one mended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = make_tree(folder, {"counter": COUNTER})
        run_git(self.tree, "init", "-q", "-b", "main")
        self.sound = commit(self.tree, {})
        self.otherwise = self._with("+= by", "+= by + 1")
        self.broken = self._with("+= by", "+= by / 0")
        self.mended = self._with("+= by", "+= by ")
        (folder / "count.yaml").write_text(SCRIPT)

    def _with(self, old: str, new: str) -> str:
        return commit(self.tree, {"cogs/counter.py": COUNTER.replace(old, new)})

    def rehearse(self, *words: str, status: int) -> str:
        command = [sys.executable, "-m", "bot", "rehearse", "--repo", str(self.tree), *words]
        done = subprocess.run(
            [*command, "--script", str(self.folder / "count.yaml")],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def played(self, *words: str, status: int) -> Any:
        return json.loads(self.rehearse(*words, "--json", status=status))


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    return Counted(tmp_path_factory.mktemp("counted"))


@pytest.fixture(autouse=True)
async def confined() -> None:
    if why := await probe():
        pytest.skip(f"no bubblewrap: {why}")


def answers(play: Any) -> list[str]:
    return [event["text"] for step in play["steps"] for event in step["seen"]]


def test_what_people_would_see_of_any_commit_is_told(counted: Counted) -> None:
    play = counted.played("--commit", counted.sound, status=0)
    assert answers(play)[:2] == ["alice counts 2", "bob counts 42"]
    assert (play["commit"], play["failed"]) == (counted.sound, False)
    table = counted.rehearse("--commit", counted.otherwise, status=0)
    assert "2     bob    /count by:40  dev: bob counts 44" in table
    assert table.endswith("No errors.\n")


def test_plays_of_one_commit_are_equal_also_where_it_draws(counted: Counted) -> None:
    told = counted.rehearse("--commit", counted.sound, "--repeat", "4", status=0)
    assert "All 4 runs gave the same result." in told


def test_two_commits_are_compared_as_people_read_them(counted: Counted) -> None:
    told = counted.rehearse("--commit", counted.sound, "--compare", counted.otherwise, status=1)
    assert "  before  dev: bob counts 42\n  after   dev: bob counts 44\n" in told
    assert "2 of 3 answers change." in told
    same = counted.rehearse("--commit", counted.sound, "--compare", counted.sound, status=0)
    assert same.endswith(": 0 of 3 answers change.\n")


def test_an_error_is_told_with_its_place_and_mending_it_as_that(counted: Counted) -> None:
    told = counted.rehearse("--commit", counted.broken, status=1)
    assert "command.count failed at step 1: ZeroDivisionError at cogs/counter.py" in told
    play = counted.played("--commit", counted.broken, "--compare", counted.mended, status=1)
    assert [each["is_fixed"] for each in play["compared"]["changes"]] == [True, True]
    assert play["compared"]["unasked"] == 0
    told = counted.rehearse("--commit", counted.mended, "--compare", counted.broken, status=1)
    assert "command.count: ZeroDivisionError is fixed." in told


def test_what_an_older_commit_did_well_is_no_mending(counted: Counted) -> None:
    play = counted.played("--commit", counted.broken, "--compare", counted.sound, status=1)
    assert (play["commit"], play["other"]["commit"]) == (counted.sound, counted.broken)
    assert [each["is_fixed"] for each in play["compared"]["changes"]] == [False, False]


def test_the_commit_that_changed_an_answer_is_found(counted: Counted) -> None:
    words = ("--commit", counted.broken, "--since", counted.sound)
    changed = counted.played(*words, status=0)["changed"]
    assert changed is None  # what is drawn is drawn alike
    (counted.folder / "count.yaml").write_text(SCRIPT.replace("  - command: /draw\n", ""))
    told = counted.rehearse(*words, status=1)
    assert told.startswith(f"Since `{counted.broken[:7]}` (Change) `/count by:40` answers")
    told = counted.rehearse("--commit", counted.otherwise, "--since", counted.sound, status=1)
    assert "dev: bob counts 44 instead of dev: bob counts 42 (2 of 2 commits were run)." in told
    (counted.folder / "count.yaml").write_text(SCRIPT)
    counted.rehearse("--commit", counted.sound, "--since", counted.broken, status=2)


def test_the_fewest_steps_that_fail_are_found(counted: Counted) -> None:
    script = SCRIPT.replace("  - command: /count by:2\n", "  - command: /draw\n" * 3)
    (counted.folder / "count.yaml").write_text(script)
    told = counted.rehearse("--commit", counted.broken, "--least", status=1)
    assert "- command: count" in told
    assert "draw" not in told
    assert "# 1 of 5 steps are left" in told
    (counted.folder / "count.yaml").write_text(SCRIPT)
    assert "No errors, and every step" in counted.rehearse(
        "--commit", counted.sound, "--least", status=0
    )
