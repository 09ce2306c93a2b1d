"""Checks of one commit share its tree and processes; those of different commits share nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.ports.rehearsal import ScriptRunner, run_script
from theseus_rehearsal.records import CommandStep, Script, ScriptWorld, Transcript

from bot.adapters.git_trees import SharedTrees
from bot.infra.git import Git
from tests.fakes.repositories import commit, make_repository
from tests.support.work_queues import wait_until

STEPS = (CommandStep(command="roll"),)
COG = Script(world=ScriptWorld(cogs=("dice",)), steps=STEPS)
COMPLETE = Script(steps=STEPS)


class CountedRehearsal(FakeRehearsal):
    """Lists the trees whose code was started, and those whose code has ended."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__(lambda _tree, _script: Transcript(trouble=trouble))
        self.started: list[Path] = []
        self.ended: list[Path] = []

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Open the runner."""
        self.started.append(tree)
        async with super().open(tree) as runner:
            yield runner
        assert tree.exists()  # noqa: ASYNC240 - one look at a small folder
        self.ended.append(tree)


@pytest.fixture
def hashes(tmp_path: Path) -> tuple[str, str]:
    make_repository(tmp_path / "repository")
    return commit(tmp_path / "repository", {"dice.py": "one"}), commit(
        tmp_path / "repository", {"dice.py": "two"}
    )


async def test_checks_of_a_commit_share_a_tree_and_a_process(
    tmp_path: Path, hashes: tuple[str, str]
) -> None:
    rehearsal, trees = CountedRehearsal(), set[Path]()
    async with SharedTrees(Git(tmp_path / "repository"), rehearsal) as commits:
        for _ in range(2):
            async with commits.open_tree(hashes[0]) as old, commits.open_tree(hashes[1]) as new:
                trees |= {old, new}
                await run_script(commits, old, COG)
                await run_script(commits, new, COG)
                await run_script(commits, new, COMPLETE)
    assert len(trees) == 2
    assert rehearsal.started == [old, new, new]
    assert sorted(rehearsal.ended) == sorted([old, new, new])
    assert not any(tree.exists() for tree in trees)


async def test_after_trouble_a_second_attempt_has_a_process_of_its_own(
    tmp_path: Path, hashes: tuple[str, str]
) -> None:
    rehearsal = CountedRehearsal("it does not start")
    async with (
        SharedTrees(Git(tmp_path / "repository"), rehearsal) as commits,
        commits.open_tree(hashes[0]) as tree,
    ):
        for _ in range(3):
            await run_script(commits, tree, COG)
        assert rehearsal.started == [tree] * 3
        assert rehearsal.ended == [tree] * 2


async def test_a_commit_that_nobody_uses_any_more_is_closed(
    tmp_path: Path, hashes: tuple[str, str]
) -> None:
    rehearsal = CountedRehearsal()
    async with SharedTrees(Git(tmp_path / "repository"), rehearsal, linger=0.0) as commits:
        async with commits.open_tree(hashes[0]) as tree:
            await run_script(commits, tree, COG)
            assert not rehearsal.ended
        await wait_until(lambda: not tree.exists())
    assert rehearsal.ended == [tree]
