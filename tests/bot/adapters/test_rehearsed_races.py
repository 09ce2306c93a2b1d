"""The race that docs/rehearsal.md shows: two presses at once fail, and in turn they do not."""

import re
from pathlib import Path

import pytest
from theseus_rehearsal.records import Script, TogetherStep, Transcript
from theseus_rehearsal.replays import find_objection
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal
from theseus_rehearsal.scripts import load_script
from theseus_rehearsal.yaml_text import WordsLoader, read_yaml

from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
MENDED = (ROOT / "cogs/polls.py").read_text(encoding="utf-8")

# The commit: "Polls: a vote need not wait for the others, and a changed one is an update".
_IN_TURN = """
        async with self._in_turn:
            poll = await self.ballot.find(number, interaction.guild_id or 0)
            if poll is None or poll["closed"]"""
_VOTE = """
        await self._write("REPLACE INTO vote VALUES (?, ?, ?)", (number, user, choice))
"""
FAULTY = MENDED.replace(
    _IN_TURN, _IN_TURN.replace("async with self._in_turn:", "if number:")
).replace(
    _VOTE,
    """
        cursor = await self._file.execute(
            "SELECT 1 FROM vote WHERE poll = ? AND user = ?", (number, user)
        )
        if await cursor.fetchone() is None:
            await self._write("INSERT INTO vote VALUES (?, ?, ?)", (number, user, choice))
        else:
            await self._write(
                "UPDATE vote SET choice = ? WHERE poll = ? AND user = ?", (choice, number, user)
            )
""",
)


def shown_in_the_documents() -> Script:
    text = (ROOT / "docs/rehearsal.md").read_text(encoding="utf-8")
    found = re.search(r"# two-presses\.yaml\n(.*?)```", text, re.S)
    assert found is not None
    return load_script(read_yaml(found[1], "two-presses.yaml", WordsLoader).content)


async def played(cogs: str, script: Script, folder: Path) -> Transcript:
    tree = make_tree(folder, {"polls": cogs})
    async with SandboxedRehearsal(choose_local_sandbox()).open(tree) as player:
        return await player.run(script)


async def test_two_presses_at_once_fail_and_in_turn_they_are_answered(tmp_path: Path) -> None:
    assert FAULTY.count("INSERT INTO vote") == FAULTY.count("if number:") == 1
    script = shown_in_the_documents()
    red = await played(FAULTY, script, tmp_path / "faulty")
    green = await played(MENDED, script, tmp_path / "mended")
    assert [error.error for step in red.steps for error in step.errors] == [
        "sqlite3.IntegrityError"
    ]
    assert not green.has_failed
    assert find_objection({1}, green) == ""


async def test_one_after_the_other_shows_nothing_of_it(tmp_path: Path) -> None:
    script = shown_in_the_documents()
    apart = [step.together if isinstance(step, TogetherStep) else (step,) for step in script.steps]
    steps = tuple(each for steps in apart for each in steps)
    assert not (await played(FAULTY, script.replace(steps=steps), tmp_path)).has_failed
