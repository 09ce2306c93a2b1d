"""Files that are used again: what ran in them before has no influence on who gets them next."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from theseus_rehearsal.ports.sandbox import SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox

from bot.adapters.git_trees import GitTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier._scratch import Scratch
from bot.infra.git import Git
from bot.infra.reused_copies import ReusedCopy
from tests.fakes.repositories import make_repository, run_git, write
from tests.support.local_sandbox import choose_local_sandbox

FILES = {
    "dice.py": "one\n",
    "cogs/__init__.py": "",
    "cogs/polls.py": "two\n",
    "bot/__init__.py": "",
    ".gitignore": "*.db\n",
}
ATTACKS = {
    "text of the same size and time": (
        "s = os.stat('dice.py'); open('dice.py', 'r+').write('bad\\n'); "
        "os.utime('dice.py', ns=(s.st_atime_ns, s.st_mtime_ns))"
    ),
    "a file put in place of another": (
        "s = os.stat('dice.py'); open('new', 'w').write('bad\\n'); "
        "os.utime('new', ns=(s.st_atime_ns, s.st_mtime_ns)); os.rename('new', 'dice.py')"
    ),
    "one file under two names": (
        "os.unlink('bot/__init__.py'); os.link('cogs/__init__.py', 'bot/__init__.py')"
    ),
    "another name for a file": "os.link('dice.py', 'cogs/link.py')",
    "a link to outside": "os.unlink('dice.py'); os.symlink('/etc/hostname', 'dice.py')",
    "a folder that is a link": "os.rename('cogs', 'moved'); os.symlink('moved', 'cogs')",
    "an ignored file": "open('cogs/left.db', 'w').write('x')",
    "an empty folder": "os.makedirs('left/over')",
    "rights of a file": "os.chmod('dice.py', 0o666)",
    "rights of a folder": "os.chmod('cogs', 0o777)",
    "rights of the folder itself": "os.chmod('.', 0o777)",
    "a repository in a folder": (
        "os.makedirs('cogs/.git'); open('cogs/.git/config', 'w').write('[core]\\nfsmonitor = x\\n')"
    ),
    "a removed file": "os.unlink('cogs/polls.py')",
    "a removed folder": "shutil.rmtree('cogs')",
}  # fmt: skip


async def attack(folder: Path, code: str) -> None:
    done = await choose_local_sandbox().run(
        [sys.executable, "-c", f"import os, shutil; {code}"],
        cwd=folder,
        writable=[folder],
        env={},
        limits=SandboxLimits(seconds=20),
    )
    assert done.returncode == 0, done.output


def describe(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, number of links and content of each file and folder, except git's pointer."""
    return {
        each.relative_to(folder).as_posix(): (
            each.lstat().st_mode,
            0 if each.is_dir() else each.lstat().st_nlink,
            b"" if each.is_dir() else each.read_bytes(),
        )
        for each in [folder, *folder.rglob("*")]
        if each != folder / ".git"
    }


@pytest.mark.parametrize("kind", ATTACKS)
async def test_what_ran_in_a_worktree_does_not_reach_the_next(tmp_path: Path, kind: str) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    plain = GitWorkspaces(tmp_path / "checkout", tmp_path / "plain")
    async with plain.open("plain", base=base) as lent:
        wanted = describe(lent.path)
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees", spares=1)
    async with workspaces.open("first", base=base) as lent:
        await attack(lent.path, ATTACKS[kind])
    assert not lent.path.exists()
    async with workspaces.open("second", base=base) as lent:
        assert describe(lent.path) == wanted
        assert await lent.list_changes() == ()
        (lent.path / "dice.py").write_text("mended\n")
        head = await lent.commit("Mend")
        assert await lent.list_changed_files(head) == ("dice.py",)


async def test_a_worktree_is_written_from_the_last_ones_files(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees", spares=1)
    async with workspaces.open("first", base=base) as lent:
        kept = (lent.path / "cogs/polls.py").stat().st_ino
        write(lent.path, {"dice.py": "mended\n", "new.py": "new\n"})
        head = await lent.commit("Mend")
    async with (
        workspaces.open("second", base=base) as lent,
        workspaces.open("first", base=base) as first,
    ):  # the spare one has another user by now
        assert (lent.path / "cogs/polls.py").stat().st_ino == kept
        assert (lent.path / "dice.py").read_text() == "one\n"
        assert not (lent.path / "new.py").exists()
        assert (first.path / "dice.py").read_text() == "mended\n"
        assert await first.get_head() == head
    async with workspaces.open("first", base=base) as lent:
        assert (lent.path / "new.py").read_text() == "new\n"
        assert await lent.get_diff() == await lent.get_diff() != ""
    assert run_git(tmp_path / "checkout", "worktree", "list").count("\n") == 0


async def test_spare_files_of_a_killed_bot_are_removed(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    folder = tmp_path / "worktrees"
    killed = GitWorkspaces(tmp_path / "checkout", folder, spares=1)
    async with killed.open("first", base=base):
        pass
    assert len(list((folder / ".spare").iterdir())) == 1
    workspaces = GitWorkspaces(tmp_path / "checkout", folder, spares=1)
    assert await workspaces.reap(frozenset()) == ()
    assert list((folder / ".spare").iterdir()) == []
    async with killed.open("second", base=base) as lent:  # without its spare files
        assert (lent.path / "dice.py").read_text() == "one\n"


async def test_a_tree_that_a_sandbox_only_reads_cannot_be_changed(tmp_path: Path) -> None:
    sandbox = choose_local_sandbox()
    if not isinstance(sandbox, BubblewrapSandbox):
        pytest.skip("no bubblewrap")
    base = make_repository(tmp_path / "checkout", FILES)
    trees = GitTrees(Git(tmp_path / "checkout"))
    async with trees.open_tree(base) as tree:
        code = "open('dice.py', 'a').write('bad')"
        done = await sandbox.run(
            [sys.executable, "-c", code], cwd=tree, writable=[], env={}, limits=SandboxLimits()
        )
        assert "Read-only file system" in done.output


@pytest.mark.parametrize("at_base", [False, True], ids=["the change", "base"])
@pytest.mark.parametrize("kind", ATTACKS)
async def test_what_ran_in_a_copy_does_not_reach_the_next(
    tmp_path: Path, kind: str, at_base: bool
) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    scratch = Scratch(tmp_path / "scratch")
    async with workspaces.open("first", base=base) as lent:
        async with scratch.open_copy(lent, at_base=at_base) as folder:
            wanted = describe(folder / "tree")
            await attack(folder / "tree", ATTACKS[kind])
        async with scratch.open_copy(lent, at_base=at_base) as folder:
            assert describe(folder / "tree") == wanted


@pytest.mark.parametrize("at_base", [False, True], ids=["the change", "base"])
async def test_copies_that_were_not_used_for_long_or_are_gone_hinder_no_check(
    tmp_path: Path, at_base: bool
) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    scratch = Scratch(tmp_path / "scratch")
    async with workspaces.open("first", base=base) as lent:
        os.utime(lent.path, (0, 0))
        async with scratch.open_copy(lent, at_base=at_base) as folder:
            wanted, written = describe(folder / "tree"), (folder / "tree").stat().st_ino
        (stored,) = (tmp_path / "copies").iterdir()
        os.utime(stored, (0, 0))
        async with scratch.open_copy(lent, at_base=at_base) as folder:
            assert describe(folder / "tree") == wanted
            assert (folder / "tree").stat().st_ino == written
        (stored,) = (tmp_path / "copies").iterdir()
        shutil.rmtree(stored)
        async with scratch.open_copy(lent, at_base=at_base) as folder:
            assert describe(folder / "tree") == wanted


async def test_what_a_run_left_is_removed_when_its_worktree_is_stored(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    folder = tmp_path / "worktrees"
    async with GitWorkspaces(tmp_path / "checkout", folder, spares=1).open("1", base=base) as lent:
        write(lent.path, {"left/large.bin": "x"})
    (stored,) = (folder / ".spare").iterdir()
    assert not (stored / "left").exists()
    assert (stored / "dice.py").exists()


async def test_a_copy_replaced_by_a_link_is_written_anew(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "checkout", FILES)
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    scratch, outside = Scratch(tmp_path / "scratch"), tmp_path / "outside"
    write(outside, FILES)
    async with workspaces.open("first", base=base) as lent:
        async with scratch.open_copy(lent, at_base=False) as folder:
            wanted = describe(folder / "tree")
            (folder / "tree").rename(folder / "moved")
            (folder / "tree").symlink_to(outside)
        before = describe(outside)
        async with scratch.open_copy(lent, at_base=False) as folder:
            assert describe(folder / "tree") == wanted
        assert describe(outside) == before


def test_the_next_copy_has_what_changed_and_the_rest_is_not_written_again(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source, FILES)
    copy = ReusedCopy(tmp_path / "copy", settled_ns=0)
    copy.update(source, lambda _: True)
    written = (copy.tree / "dice.py").stat().st_ino
    write(source, {"cogs/polls.py": "three\n", "new/cog.py": "new\n"})
    shutil.rmtree(source / "bot")
    (source / "bot").symlink_to("cogs")
    copy.move_to(tmp_path / "moved")
    copy.update(source, lambda _: True)
    assert describe(copy.tree) == describe(source)
    assert (copy.tree / "dice.py").stat().st_ino == written
