"""Flags in a replay are off, whatever their real state, unless the world sets them."""

from pathlib import Path

import pytest
from theseus_rehearsal.records import Actor, CommandStep, RestartStep, Script, ScriptWorld
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import ROOT, make_tree

FLAGGED = (ROOT / "tests" / "bot" / "client" / "flagged_cog.py").read_text()
FLIP = CommandStep(command="coinflip")


async def seen(tree: Path, *scripts: Script) -> list[list[str]]:
    """Return what each script's steps were answered first of all."""
    async with SandboxedRehearsal(choose_local_sandbox()).open(tree) as player:
        plays = [await player.run(script) for script in scripts]
    assert [play.trouble for play in plays] == [""] * len(plays)
    return [[step.seen[0].text for step in play.steps if step.seen] for play in plays]


async def test_both_sides_of_a_flag_are_played(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"coins": FLAGGED})
    off = ScriptWorld(cogs=("coins",))
    worlds = (off, off.replace(flags=("coinflip",)), off.replace(flags=("other",)))
    steps = (FLIP, RestartStep(restart=True), FLIP)
    answers = await seen(tree, *(Script(world=world, steps=steps) for world in worlds))
    assert answers == [["not yet", "not yet"], ["heads", "heads"], ["not yet", "not yet"]]


@pytest.mark.slow
async def test_the_whole_bot_has_them_too_and_people_switch_others(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"coins": FLAGGED}, own=True)
    people = (Actor(name="alice", roles=("developers",)), Actor(name="bob"))
    world = ScriptWorld(people=people)
    switch = CommandStep(command="flags set", options={"name": "coinflip", "to": "all"})
    by_bob = FLIP.replace(by="bob")
    on = Script(world=world.replace(flags=("coinflip",)), steps=(by_bob,))
    steps = (by_bob, switch, by_bob, RestartStep(restart=True), by_bob)
    answers = await seen(tree, on, Script(world=world, steps=steps))
    assert answers == [
        ["heads"],
        [
            "not yet",
            "`coinflip` is on for everyone from now on. Before, it was off.",
            "heads",
            "heads",
        ],
    ]
