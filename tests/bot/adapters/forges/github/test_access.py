"""A private repository: the checkout and the worktrees fetch from it with the forge's way."""

from pathlib import Path

import pytest

from bot.adapters.forges.github import GithubForge
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.errors import WorkspaceError
from tests.bot.adapters.forges.github.room import Room
from tests.fakes.repositories import run_git


@pytest.fixture
def private(room: Room) -> Room:
    """Return the room with a repository that strangers cannot see."""
    room.twin.choose(private=True)
    run_git(room.clone, "remote", "set-url", "origin", room.twin.clone_url)
    return room


async def test_the_checkout_follows_a_private_repository(private: Room, forge: GithubForge) -> None:
    commit = private.twin.push("main", {"new.txt": "new\n"})
    with pytest.raises(WorkspaceError, match="cannot fetch"):
        await GitCheckout(private.clone).fast_forward(commit)
    checkout = GitCheckout(private.clone, access=forge.get_access)
    assert await checkout.fast_forward(commit) == ("new.txt",)
    assert await checkout.get_head() == commit
    assert run_git(private.clone, "rev-parse", "refs/remotes/origin/main") == commit


async def test_an_ssh_remote_of_the_same_repository_needs_no_key(
    private: Room, forge: GithubForge
) -> None:
    host = "127.0.0.1"
    run_git(private.clone, "remote", "set-url", "origin", f"git@{host}:theseus/ship.git")
    commit = private.twin.push("main", {"new.txt": "new\n"})
    checkout = GitCheckout(private.clone, access=forge.get_access)
    assert await checkout.fast_forward(commit) == ("new.txt",)


async def test_a_worktree_fetches_what_somebody_pushed(
    private: Room, forge: GithubForge, tmp_path: Path
) -> None:
    workspaces = GitWorkspaces(private.clone, tmp_path / "trees", access=forge.get_access)
    base = run_git(private.clone, "rev-parse", "HEAD")
    async with workspaces.open("k7m2xq", base=base, slug="mend") as workspace:
        pushed = private.twin.push(workspace.branch, {"more.txt": "by hand\n"})
        await workspace.fetch(pushed)
        assert await workspace.get_head() == pushed
        assert (workspace.path / "more.txt").read_text() == "by hand\n"


async def test_only_what_is_missing_is_fetched(
    private: Room, forge: GithubForge, tmp_path: Path
) -> None:
    checkout = GitCheckout(private.clone, access=forge.get_access)
    await checkout.fast_forward(private.twin.push("main", {"big.txt": "x" * 200_000}))
    before = sum(path.stat().st_size for path in (private.clone / ".git/objects").rglob("*"))
    await checkout.fast_forward(private.twin.push("main", {"small.txt": "y"}))
    after = sum(path.stat().st_size for path in (private.clone / ".git/objects").rglob("*"))
    assert after - before < 50_000


async def test_a_shallow_clone_can_propose_and_follow(
    private: Room, forge: GithubForge, tmp_path: Path
) -> None:
    private.twin.push("main", {"new.txt": "new\n"})
    shallow = tmp_path / "shallow"
    run_git(tmp_path, "clone", "-q", "--depth=1", f"file://{private.twin.bare}", str(shallow))
    run_git(shallow, "remote", "set-url", "origin", private.twin.clone_url)
    private.clone = shallow
    draft = private.change()
    opened = await forge.open_proposal(draft)
    merged = await forge.merge(opened.number, draft.head)
    run_git(shallow, "checkout", "-q", "main")
    checkout = GitCheckout(shallow, access=forge.get_access)
    await checkout.fast_forward(merged.merge_commit or "")
    assert await checkout.get_head() == merged.merge_commit


async def test_dropping_a_run_forgets_what_was_published_of_it(
    private: Room, forge: GithubForge, tmp_path: Path
) -> None:
    draft = private.change()
    await forge.open_proposal(draft)
    kept = ("for-each-ref", "--format=%(refname)", "refs/theseus/published")
    assert draft.branch in run_git(private.clone, *kept)
    run_git(private.clone, "checkout", "-q", "main")
    await GitWorkspaces(private.clone, tmp_path / "trees").drop(draft.run_id)
    assert run_git(private.clone, *kept) == ""
