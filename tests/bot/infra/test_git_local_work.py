"""What counts as people's own work in the checkout, and what does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.git_checkout import GitCheckout
from tests.fakes.repositories import clone_repository, commit, make_repository, run_git, write

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LATELY, LONG_AGO = 1_780_000_000, 1_500_000_000  # Unix seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a clone of a bare repository with two files."""
    make_repository(
        tmp_path / "source", {"dice.py": "one\n", "polls.py": "one\n", ".gitignore": "*.log"}
    )
    bare = clone_repository(tmp_path / "source", tmp_path / "forge.git", bare=True)
    return clone_repository(bare, tmp_path / "checkout")


def branch(folder: Path, name: str, at: int = LATELY) -> None:
    """Change the dice on a branch; the folder is back on main then."""
    run_git(folder, "switch", "-q", "-c", name)
    commit(folder, {"dice.py": f"{name}\n"}, at=at)
    run_git(folder, "switch", "-q", "main")


async def test_own_merged_and_forgotten_branches_are_nobodys_work(folder: Path) -> None:
    for name, at in (("theseus/k7m2xq-dice", LATELY), ("old", LONG_AGO), ("in-work", LATELY)):
        branch(folder, name, at)
    run_git(folder, "branch", "merged")
    found = await GitCheckout(folder).list_branches(["dice.py", "polls.py"], SINCE)
    assert [each.name for each in found] == ["in-work"]


async def test_a_branch_known_under_many_names_is_one_and_gone_when_deleted(folder: Path) -> None:
    branch(folder, "in-work")
    run_git(folder, "push", "-q", "origin", "in-work")
    run_git(folder, "fetch", "-q", "origin")
    checkout = GitCheckout(folder)
    assert len(await checkout.list_branches(["dice.py"], SINCE)) == 1
    run_git(folder, "push", "-q", "origin", ":in-work")
    run_git(folder, "branch", "-q", "-D", "in-work")
    assert await checkout.list_branches(["dice.py"], SINCE) == ()


async def test_with_the_forge_out_of_reach_known_branches_count(folder: Path) -> None:
    branch(folder, "in-work")
    run_git(folder, "remote", "set-url", "origin", str(folder / "gone.git"))
    assert len(await GitCheckout(folder).list_branches(["dice.py"], SINCE)) == 1


async def test_looking_changes_nothing_of_peoples(folder: Path) -> None:
    branch(folder, "in-work")
    write(folder, {"dice.py": "edited\n"})
    seen = ("for-each-ref", "refs/heads", "refs/remotes"), ("status", "--porcelain")
    before = [run_git(folder, *words) for words in seen]
    checkout = GitCheckout(folder)
    await checkout.get_local_work()
    await checkout.list_branches(["dice.py"], SINCE)
    assert [run_git(folder, *words) for words in seen] == before


async def test_new_files_are_work_where_they_are_code(folder: Path) -> None:
    write(folder, {"notes.txt": "x", "run.log": "x", "cogs/new.py": "x"})
    work = await GitCheckout(folder).get_local_work()
    assert work.changed == ("cogs/new.py",)


async def test_another_branch_and_none_are_told(folder: Path) -> None:
    run_git(folder, "switch", "-q", "-c", "mine")
    assert (await GitCheckout(folder).get_local_work()).branch == "mine"
    run_git(folder, "switch", "-q", "--detach")
    assert (await GitCheckout(folder).get_local_work()).branch == ""
    run_git(folder, "update-ref", "-d", "refs/remotes/origin/main")
    assert (await GitCheckout(folder).get_local_work()).commits_ahead == 0
