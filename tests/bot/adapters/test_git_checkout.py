"""The running checkout on real git: suspects, and moving forward without losing anything."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.git_checkout import GitCheckout
from bot.domain.errors import CheckoutDirty, WorkspaceError
from bot.infra.git import Git
from bot.infra.git_remotes import reach
from bot.infra.git_suspects import log
from tests.fakes.repositories import (
    clone_repository,
    commit,
    make_repository,
    run_git,
    take_snapshot,
    write,
)

LINES = [f"line {number}\n" for number in range(1, 41)]


def body(**changes: str) -> str:
    """Return forty lines with some replaced: `body(l7="x")`."""
    return "".join(changes.get(f"l{n}", line.rstrip()) + "\n" for n, line in enumerate(LINES, 1))


@dataclass
class Clone:
    """A checkout, the repository that another person pushes from, and the adapter."""

    path: Path
    other: Path
    checkout: GitCheckout

    def push(self, files: dict[str, str | bytes | None]) -> str:
        head = commit(self.other, files, "Onwards")
        run_git(self.other, "push", "-q", "origin", "main")
        return head


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a clone of a bare repository."""
    make_repository(tmp_path / "source")
    bare = clone_repository(tmp_path / "source", tmp_path / "forge.git", bare=True)
    for name in ("checkout", "other"):
        clone_repository(bare, tmp_path / name)
    path = tmp_path / "checkout"
    return Clone(path, tmp_path / "other", GitCheckout(path))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a repository with a first commit of forty lines, dated far back."""
    folder = tmp_path / "old"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    commit(folder, {"dice.py": body(), "other.py": "x\n"}, "First", at=1_000_000)
    return folder


async def test_the_commit_that_wrote_the_line_is_the_first_suspect(old: Path) -> None:
    bad = commit(old, {"dice.py": body(l20="broken"), "unrelated.py": "y\n"}, "Break", at=1_000_100)
    for number in range(8):
        commit(
            old, {"dice.py": body(l20="broken", l1=f"top {number}")}, "Top", at=1_000_200 + number
        )
    found = await GitCheckout(old).find_suspects([("dice.py", 20)])
    assert found[0].commit.sha == bad
    assert found[0].commit.summary == "Break"
    assert found[0].reason == "last changed dice.py:20"
    assert "+broken" in found[0].diff
    assert "unrelated" not in found[0].diff
    assert len(found) == 5
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert {one.commit.summary for one in found[1:]} == {"Top"}


async def test_lines_taken_away_point_to_the_commit_that_took_them(old: Path) -> None:
    guard = "".join(line for n, line in enumerate(LINES, 1) if n not in (18, 19))
    bad = commit(old, {"dice.py": guard}, "Drop the guard", at=1_000_100)
    commit(old, {"dice.py": guard.replace("line 40", "last")}, "Elsewhere", at=1_000_200)
    found = await GitCheckout(old).find_suspects([("dice.py", 18)])
    assert found[0].commit.sha == bad
    assert "around dice.py:18" in found[0].reason


async def test_roots_merges_and_uncommitted_lines_are_no_suspects(old: Path) -> None:
    run_git(old, "checkout", "-q", "-b", "side")
    side = commit(old, {"dice.py": body(l10="side")}, "Side", at=1_000_100)
    run_git(old, "checkout", "-q", "main")
    commit(old, {"other.py": "z\n"}, "Main", at=1_000_150)
    run_git(old, "merge", "-q", "--no-ff", "--no-commit", "side")
    commit(old, {"dice.py": body(l10="side", l11="evil merge")}, "Merge", at=1_000_200)
    write(old, {"dice.py": body(l10="side", l11="evil merge", l12="not committed")})
    found = await GitCheckout(old).find_suspects(
        [("dice.py", 11), ("dice.py", 12), ("dice.py", 30)]
    )
    assert [one.commit.sha for one in found] == [side]


async def test_several_sites_share_one_ranking_and_repeat_nobody(old: Path) -> None:
    both = commit(old, {"dice.py": body(l5="a"), "other.py": "changed\n"}, "Both", at=1_000_100)
    found = await GitCheckout(old).find_suspects(
        [("other.py", 1), ("dice.py", 5), ("dice.py", 5), ("absent.py", 5)], limit=3
    )
    assert [one.commit.sha for one in found] == [both]
    assert "dice.py" in found[0].diff
    assert "other.py" in found[0].diff


def test_the_log_is_newest_first_of_any_of_the_files(old: Path) -> None:
    commit(old, {"a ü.py": "1\n"}, "One: ünï\n\nbody", at=1_000_100)
    commit(old, {"b.py": "1\n"}, "Two", at=1_000_200)
    commit(old, {"c.py": "1\n"}, "Three", at=1_000_300)
    listed = log(Git(old), ["a ü.py", "b.py", "absent.py"], 20)
    assert [entry.summary for entry in listed] == ["Two", "One: ünï"]
    assert listed[0].author == "Alice"
    assert listed[0].at.timestamp() == 1_000_200
    assert len(log(Git(old), ["a ü.py", "b.py"], 1)) == 1


def test_pathspec_magic_in_a_name_is_just_a_name(old: Path) -> None:
    assert log(Git(old), [":/", "*.py", ":(top)dice.py"], 20) == ()


async def test_reading_never_leaves_the_folder(old: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (old / "link").symlink_to(tmp_path / "secret")
    (old / "inner").symlink_to(old / "other.py")
    checkout = GitCheckout(old)
    assert await checkout.read("link") is None
    assert await checkout.read("a\0b") is None
    assert await checkout.read("inner") == "x\n"


async def test_a_refused_move_leaves_everything_as_it_was(clone: Clone) -> None:
    head = clone.push({"dice.py": "better\n", "new.txt": "n\n", "readme.txt": "r\n"})
    write(clone.path, {"dice.py": "edited\n", "staged.txt": "s\n", "scratch.txt": "x\n"})
    run_git(clone.path, "add", "staged.txt")
    before = take_snapshot(clone.path)
    with pytest.raises(CheckoutDirty, match=r"dice\.py"):
        await clone.checkout.fast_forward(head)
    assert take_snapshot(clone.path) == before


async def test_an_ignored_file_in_the_way_is_not_overwritten(clone: Clone) -> None:
    write(clone.path, {".git/info/exclude": ".env\n"})
    write(clone.path, {".env": "TOKEN=mine\n"})
    head = clone.push({".env": "TOKEN=theirs\n"})
    with pytest.raises(CheckoutDirty, match=r"\.env"):
        await clone.checkout.fast_forward(head)
    assert (clone.path / ".env").read_text() == "TOKEN=mine\n"


async def test_another_branch_is_left_alone(clone: Clone) -> None:
    head = clone.push({"dice.py": "better\n"})
    run_git(clone.path, "checkout", "-q", "-b", "feature")
    with pytest.raises(CheckoutDirty, match="feature"):
        await clone.checkout.fast_forward(head)
    run_git(clone.path, "checkout", "-q", "--detach")
    with pytest.raises(CheckoutDirty, match="no branch"):
        await clone.checkout.fast_forward(head)


async def test_a_commit_that_is_only_on_another_branch_is_refused(clone: Clone) -> None:
    run_git(clone.other, "checkout", "-q", "-b", "feature")
    head = commit(clone.other, {"dice.py": "not approved\n"})
    run_git(clone.other, "push", "-q", "origin", "feature")
    run_git(clone.path, "fetch", "-q")
    before = take_snapshot(clone.path)
    with pytest.raises(WorkspaceError, match="not on the forge's branch main"):
        await clone.checkout.fast_forward(head)
    assert take_snapshot(clone.path) == before


async def test_a_forge_that_is_gone_is_an_error(clone: Clone, tmp_path: Path) -> None:
    head = clone.push({"dice.py": "better\n"})
    shutil.rmtree(tmp_path / "forge.git")
    with pytest.raises(WorkspaceError, match="fetch from origin") as failed:
        await clone.checkout.fast_forward(head)
    assert "forge.git" in failed.value.detail


async def test_a_lock_somebody_left_is_named(clone: Clone) -> None:
    head = clone.push({"dice.py": "better\n"})
    (clone.path / ".git" / "index.lock").write_text("")
    with pytest.raises(WorkspaceError, match=r"index\.lock"):
        await clone.checkout.fast_forward(head)
    assert (clone.path / "dice.py").read_text() == "one\ntwo\nthree\n"


async def test_moving_and_reading_run_nothing_of_the_repository(
    clone: Clone, tmp_path: Path
) -> None:
    evil, ran = tmp_path / "evil.sh", tmp_path / "ran"
    evil.write_text(f'#!/bin/sh\necho "$0" >> {ran}\ncat\n')
    evil.chmod(0o755)
    head = clone.push({"dice.py": "better\n", ".gitattributes": "* filter=evil diff=evil\n"})
    for hook in ("post-merge", "post-checkout", "reference-transaction", "post-index-change"):
        (clone.path / ".git" / "hooks").mkdir(exist_ok=True)
        (clone.path / ".git" / "hooks" / hook).symlink_to(evil)
    for key in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.fsmonitor",
                "diff.evil.textconv", "remote.origin.uploadpack", "core.alternateRefsCommand",
                "gpg.program"):  # fmt: skip
        run_git(clone.path, "config", key, str(evil))
    for key in ("merge.verifySignatures", "log.showSignature", "filter.evil.required"):
        run_git(clone.path, "config", key, "false" if key.startswith("merge") else "true")
    ran.unlink(missing_ok=True)
    assert "dice.py" in await clone.checkout.fast_forward(head)
    await clone.checkout.find_suspects([("dice.py", 1)])
    assert not ran.exists(), ran.read_text()


async def test_a_remote_that_names_a_program_is_not_followed(clone: Clone, tmp_path: Path) -> None:
    head = clone.push({"dice.py": "better\n"})
    ran = tmp_path / "ran"
    run_git(clone.path, "config", "remote.origin.url", f"ext::sh -c 'touch {ran}'")
    run_git(clone.path, "config", "protocol.ext.allow", "always")
    with pytest.raises(WorkspaceError):
        await clone.checkout.fast_forward(head)
    assert not ran.exists()


async def test_a_renamed_default_branch_is_named_where_the_old_one_is_gone(clone: Clone) -> None:
    head = clone.push({"a.py": "x\n"})
    run_git(clone.other, "push", "-q", "origin", "main:trunk")
    bare = clone.path.parent / "forge.git"
    run_git(bare, "symbolic-ref", "HEAD", "refs/heads/trunk")
    run_git(bare, "branch", "-q", "-D", "main")
    with pytest.raises(
        WorkspaceError, match=r"no branch main; its default branch is trunk.*"
    ) as why:
        await clone.checkout.fast_forward(head)
    assert "forge.branch: trunk" in str(why.value)
    with pytest.raises(WorkspaceError, match="default branch is trunk"):
        await reach(clone.path, "origin", "main")


async def test_a_repository_that_runs_cannot_work_with_says_so(clone: Clone) -> None:
    assert await clone.checkout.find_obstacles() == ()
    commit(clone.path, {".gitattributes": "*.png filter=lfs\n", "a.png": "x"}, "Art")
    (text,) = await clone.checkout.find_obstacles()
    assert "Git LFS" in text
