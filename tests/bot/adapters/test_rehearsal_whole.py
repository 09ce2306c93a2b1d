"""A world without named cogs runs the complete bot: whether a commit starts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    RestartStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    Transcript,
    WaitStep,
)
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.adapters.system_clock import SystemClock
from bot.self_improvement.checks.start_check import StartCheck
from tests.fakes.differences import Files
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import make_tree

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]
PEOPLE = (Actor(name="alice", roles=("developers",)), Actor(name="bob"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("whole"), {}, own=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def player(tree: Path) -> AsyncIterator[ScriptRunner]:
    async with SandboxedRehearsal(choose_local_sandbox()).open(tree) as opened:
        yield opened


async def play(player: ScriptRunner, *steps: ScriptStep) -> Transcript:
    return await player.run(Script(world=ScriptWorld(people=PEOPLE), steps=steps))


async def test_it_starts_registers_its_commands_and_answers_health(player: ScriptRunner) -> None:
    health = CommandStep(command="health")
    steps = (health, CommandStep(by="bob", command="health"), SayStep(say="@Theseus hello"))
    first, again = [await play(player, *steps) for _ in range(2)]
    assert first.trouble == ""
    assert not first.has_failed
    assert {"fix", "health", "roll", "ship", "stop-everything"} <= set(first.commands)
    answered, refused, hello = [step.seen[0] for step in first.steps]
    assert (
        "**Cogs** AboutBot, Admin, Approvals, Audits, Budgets, Capabilities, Conversation"
        in answered.text
    )
    assert "not on the list" in refused.text
    assert hello.text.startswith("Hello, I am Theseus.")
    assert first == again


async def test_it_takes_up_its_state_after_a_restart(player: ScriptRunner) -> None:
    played = await play(
        player,
        CommandStep(command="remind", options={"in": "1m", "about": "tea"}),
        RestartStep(restart=True),
        WaitStep(wait=70),
    )
    assert played.trouble == ""
    assert [each.text for each in played.steps[2].seen] == ["⏰ @alice tea"]


def files_of(tree: Path) -> Files:
    """Return what a commit of the tree would hold."""
    return {
        file.relative_to(tree).as_posix(): file.read_bytes()
        for file in tree.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


async def test_a_head_with_a_cog_that_does_not_load_is_red_and_its_base_is_not(tree: Path) -> None:
    files = files_of(tree)
    head = {**files, "cogs/dice.py": b"def broken(:\n"}
    trees = FakeCommitTrees({"base": files, "head": head})
    start = StartCheck(SandboxedRehearsal(choose_local_sandbox()), trees, SystemClock())
    red, green = await start("head", "base"), await start("base", "base")
    assert red.status == "failed"
    assert red.summary == "`cogs.dice` does not load: SyntaxError: invalid syntax (dice.py, line 1)"
    assert green.status == "passed"
    assert green.summary.endswith(" commands, `/health` answers")
