"""A change can be reverted however a forge merged it."""

from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.change import RevertResult
from bot.domain.errors import WorkspaceError
from tests.fakes.repositories import make_repository, run_git

FILES: dict[str, str | bytes | None] = {"dice.py": "one\ntwo\n", "poll.py": "yes\n"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a branch of two commits, and main ahead of where it began."""
    folder = tmp_path / "checkout"
    make_repository(folder, FILES)
    run_git(folder, "checkout", "-q", "-b", "fix")
    commit(folder, {"dice.py": "one\n2\n"})
    commit(folder, {"test_dice.py": "test\n"})
    run_git(folder, "checkout", "-q", "main")
    commit(folder, {"poll.py": "yes\nno\n"})
    return folder


def commit(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
        run_git(folder, "add", name)
    run_git(folder, "commit", "-q", "-m", "A change")
    return run_git(folder, "rev-parse", "HEAD")


async def undone(folder: Path, merged: str, head: str) -> RevertResult:
    commit(folder, {"later.py": "came later\n"})
    base = run_git(folder, "rev-parse", "HEAD")
    workspaces = GitWorkspaces(folder, folder.parent / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as lent:
        result = await lent.revert(merged, head)
        if not result.conflicts:
            assert (lent.path / "dice.py").read_text() == "one\ntwo\n"
            assert not (lent.path / "test_dice.py").exists()
            assert (lent.path / "poll.py").read_text() == "yes\nno\n"
            assert (lent.path / "later.py").exists()
    return result


@pytest.mark.parametrize(
    "how",
    [
        ["merge -q --no-ff --no-edit fix"],
        ["merge -q --squash fix", "commit -q -m Squashed"],
        ["cherry-pick main..fix"],  # what a rebase merge leaves on main
    ],
    ids=["merge", "squash", "rebase"],
)
async def test_a_branch_is_taken_back_as_a_whole(checkout: Path, how: list[str]) -> None:
    before, head = run_git(checkout, "rev-parse", "main"), run_git(checkout, "rev-parse", "fix")
    for words in how:
        run_git(checkout, *words.split())
    result = await undone(checkout, run_git(checkout, "rev-parse", "HEAD"), head)
    assert result == RevertResult(before=before, restored=("dice.py", "test_dice.py"))


async def test_commits_that_are_not_the_branchs_are_not_guessed_at(checkout: Path) -> None:
    head = run_git(checkout, "rev-parse", "fix")
    other = commit(checkout, {"poll.py": "maybe\n"})
    with pytest.raises(WorkspaceError, match="are not those of"):
        await undone(checkout, other, head)


async def test_after_a_conflict_the_worktree_is_as_it_was_and_works(checkout: Path) -> None:
    head = run_git(checkout, "rev-parse", "fix")
    run_git(checkout, "merge", "-q", "--no-ff", "--no-edit", "fix")
    merged = run_git(checkout, "rev-parse", "HEAD")
    base = commit(checkout, {"dice.py": "one\nII\n"})
    workspaces = GitWorkspaces(checkout, checkout.parent / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as lent:
        for _ in range(2):
            assert (await lent.revert(merged, head)).conflicts == ("dice.py",)
            assert await lent.list_changes() == ()
        (lent.path / "dice.py").write_text("by hand\n")
        assert await lent.commit("By hand") != base
