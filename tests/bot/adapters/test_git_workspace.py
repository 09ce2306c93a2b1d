"""Worktrees on real git: crashes, hostile repositories, and an untouched checkout."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.errors import WorkspaceBusy, WorkspaceError
from tests.fakes.repositories import commit, make_repository, run_git, take_snapshot, write

CRASH = """
import asyncio, sys
from pathlib import Path
from bot.adapters.git_workspace import GitWorkspaces

async def main():
    workspaces = GitWorkspaces(Path(sys.argv[1]), Path(sys.argv[2]))
    async with workspaces.open("k7m2xq", base=sys.argv[3], slug="mend") as lent:
        (lent.path / "dice.py").write_text("mended\\n")
        await lent.commit("Mend")
        (lent.path / "half.txt").write_text("half done")
        print(await lent.get_head(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

HOOKS = "post-checkout pre-commit commit-msg post-commit reference-transaction post-index-change"
PROGRAMS = (
    "filter.evil.clean filter.evil.smudge filter.evil.process merge.evil.driver diff.evil.textconv "
    "diff.evil.command diff.external core.fsmonitor core.pager core.editor core.sshCommand "
    "gpg.program"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a running checkout with one commit."""
    make_repository(tmp_path / "checkout")
    return tmp_path / "checkout"


@pytest.fixture
def workspaces(checkout: Path, tmp_path: Path) -> GitWorkspaces:
    """Return a lender on it."""
    return GitWorkspaces(checkout, tmp_path / "worktrees")


async def crashed(checkout: Path, folder: Path) -> str:
    """Open a worktree in another process and kill it; return the head that it had committed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CRASH, str(checkout), str(folder),
        run_git(checkout, "rev-parse", "HEAD"),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    async with asyncio.timeout(20):
        head = (await child.stdout.readline()).decode().strip()
        with pytest.raises(WorkspaceBusy):
            async with GitWorkspaces(checkout, folder).open("k7m2xq", base=head):
                pass
        assert await GitWorkspaces(checkout, folder).reap(frozenset()) == ()
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
    return head


async def test_what_a_killed_process_left_is_reaped_and_its_commits_stay(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    head = await crashed(checkout, tmp_path / "worktrees")
    assert await workspaces.reap(frozenset({"k7m2xq"})) == ()
    assert await workspaces.reap(frozenset()) == ("k7m2xq",)
    assert await workspaces.reap(frozenset()) == ()
    assert len(run_git(checkout, "worktree", "list").splitlines()) == 1
    assert list((tmp_path / "worktrees").iterdir()) == []
    async with workspaces.open("k7m2xq", base=head) as lent:
        assert (lent.branch, await lent.get_head()) == ("theseus/k7m2xq-mend", head)
        assert not (lent.path / "half.txt").exists()


async def test_what_a_killed_process_left_can_be_lent_again_without_reaping(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    head = await crashed(checkout, tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=head) as lent:
        assert await lent.get_head() == head
        assert not (lent.path / "half.txt").exists()


async def test_a_worktree_whose_folder_vanished_is_reaped(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    await crashed(checkout, tmp_path / "worktrees")
    shutil.rmtree(tmp_path / "worktrees")
    assert await workspaces.reap(frozenset()) == ("k7m2xq",)
    assert len(run_git(checkout, "worktree", "list").splitlines()) == 1


async def test_somebody_elses_worktree_on_a_missing_disk_is_left_alone(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    run_git(checkout, "worktree", "add", "-q", "-b", "mine", str(tmp_path / "disk"))
    shutil.rmtree(tmp_path / "disk")
    await workspaces.reap(frozenset())
    async with workspaces.open("k7m2xq", base="HEAD"):
        pass
    assert len(run_git(checkout, "worktree", "list").splitlines()) == 2


async def test_two_lenders_of_the_same_folder_exclude_each_other(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    second = GitWorkspaces(checkout, tmp_path / "worktrees")
    taken = 0

    async def take(lender: GitWorkspaces) -> None:
        nonlocal taken
        try:
            async with lender.open("k7m2xq", base="HEAD"):
                taken += 1
                await both_tried.wait()
        except WorkspaceBusy:
            both_tried.set()

    both_tried = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(take(workspaces))
        group.create_task(take(second))
    assert taken == 1


async def test_many_runs_come_and_go_side_by_side(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    all_lent = asyncio.Barrier(8)

    async def work(number: int) -> str:
        async with workspaces.open(f"run{number}", base="HEAD") as lent:
            (lent.path / "dice.py").write_text(f"{number}\n")
            head = await lent.commit(f"Change {number}")
            await all_lent.wait()
            return head

    async with asyncio.timeout(30):
        heads = await asyncio.gather(*map(work, range(8)))
    for number, head in enumerate(heads):
        assert run_git(checkout, "show", f"{head}:dice.py") == str(number)
        assert run_git(checkout, "rev-parse", f"theseus/run{number}-change") == head
    assert len(run_git(checkout, "worktree", "list").splitlines()) == 1


async def test_cancelling_while_it_is_being_made_leaves_nothing(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    async def lend() -> None:
        async with workspaces.open("k7m2xq", base="HEAD"):
            await asyncio.Event().wait()

    for turns in range(4):
        lending = asyncio.ensure_future(lend())
        for _ in range(turns):
            await asyncio.sleep(0)
        lending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lending
        assert len(run_git(checkout, "worktree", "list").splitlines()) == 1
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        assert lent.path.exists()


async def test_the_running_checkout_is_never_touched_even_while_dirty(
    checkout: Path, workspaces: GitWorkspaces
) -> None:
    write(
        checkout, {"dice.py": "edited by hand\n", "scratch.txt": "untracked\n", "staged.txt": "s"}
    )
    run_git(checkout, "add", "staged.txt")
    before = take_snapshot(checkout)
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        assert (lent.path / "dice.py").read_text() == "one\ntwo\nthree\n"
        (lent.path / "dice.py").write_text("changed\n")
        (lent.path / "scratch.txt").write_text("changed\n")
        await lent.commit("Change")
        await lent.get_diff()
        await lent.reset(lent.base)
    await workspaces.reap(frozenset())
    await workspaces.drop("k7m2xq")
    assert take_snapshot(checkout) == before


async def test_nothing_the_repository_names_is_run(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    evil = tmp_path / "evil.sh"
    ran = tmp_path / "ran"
    evil.write_text(f'#!/bin/sh\necho "$0" >> {ran}\ncat\n')
    evil.chmod(0o755)
    base = commit(checkout, {".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    hooks = checkout / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in HOOKS.split():
        (hooks / hook).symlink_to(evil)
    for key in PROGRAMS.split():
        run_git(checkout, "config", key, str(evil))
    for key in ("filter.evil.required", "commit.gpgSign", "log.showSignature"):
        run_git(checkout, "config", key, "true")
    run_git(checkout, "config", "core.hooksPath", str(hooks))
    ran.unlink(missing_ok=True)
    async with workspaces.open("k7m2xq", base=base) as lent:
        (lent.path / "dice.py").write_text("changed\n")
        (lent.path / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
        await lent.list_changes()
        await lent.get_diff()
        await lent.commit("Change")
        await lent.read_base("dice.py")
        await lent.reset(base)
    await workspaces.drop("k7m2xq")
    assert not ran.exists(), ran.read_text()


async def test_a_changed_pointer_in_the_worktree_leads_nowhere(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    make_repository(tmp_path / "trap")
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        (lent.path / ".git").write_text(f"gitdir: {tmp_path}/trap/.git\n")
        (lent.path / "dice.py").write_text("changed\n")
        head = await lent.commit("Change")
    assert run_git(checkout, "rev-parse", "theseus/k7m2xq-change") == head
    assert run_git(tmp_path / "trap", "log", "--oneline", "--all").count("\n") == 0
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        (lent.path / ".git").unlink()
    assert not lent.path.exists()


async def test_a_repository_inside_the_worktree_is_refused(workspaces: GitWorkspaces) -> None:
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        make_repository(lent.path / "inner")
        with pytest.raises(WorkspaceError, match="inner"):
            await lent.commit("Smuggle")
        with pytest.raises(WorkspaceError, match="inner"):
            await lent.list_changes()
        await lent.reset(lent.base)
        assert await lent.list_changes() == ()


async def test_what_tools_leave_behind_is_no_change(workspaces: GitWorkspaces) -> None:
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        (lent.path / "__pycache__").mkdir()
        (lent.path / "__pycache__" / "dice.cpython-311.pyc").write_bytes(b"\0")
        (lent.path / ".pytest_cache").mkdir()
        (lent.path / ".pytest_cache" / "README.md").write_text("x")
        assert await lent.list_changes() == ()


async def test_unwritable_folders_are_removed_too(workspaces: GitWorkspaces) -> None:
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        locked = lent.path / "locked" / "inner"
        locked.mkdir(parents=True)
        (locked / "file").write_text("x")
        locked.chmod(0o500)
        locked.parent.chmod(0o500)
    assert not lent.path.exists()


async def test_what_somebody_pushed_is_fetched(checkout: Path, tmp_path: Path) -> None:
    forge, other = tmp_path / "forge.git", tmp_path / "other"
    run_git(tmp_path, "clone", "-q", "--bare", str(checkout), str(forge))
    run_git(checkout, "remote", "add", "origin", str(forge))
    workspaces = GitWorkspaces(checkout, tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base="HEAD", slug="mend") as lent:
        (lent.path / "dice.py").write_text("mine\n")
        await lent.commit("Mine")
        run_git(checkout, "push", "-q", "origin", lent.branch)
        run_git(tmp_path, "clone", "-q", "-b", lent.branch, str(forge), str(other))
        pushed = commit(other, {"dice.py": "theirs\n"})
        run_git(other, "push", "-q")
        (lent.path / "half.txt").write_text("dropped")
        await lent.fetch(pushed)
        assert await lent.get_head() == pushed
        assert (lent.path / "dice.py").read_text() == "theirs\n"
        assert not (lent.path / "half.txt").exists()
        with pytest.raises(WorkspaceError, match="does not hold"):
            await lent.fetch("1" * 40)
        assert run_git(checkout, "rev-parse", lent.branch) == pushed


async def test_attributes_do_not_thin_out_the_exported_base(
    checkout: Path, workspaces: GitWorkspaces, tmp_path: Path
) -> None:
    commit(checkout, {".gitattributes": "tests/ export-ignore\n", "tests/test_x.py": "x = 1\n"})
    (tmp_path / "into").mkdir()
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        await lent.export_base(tmp_path / "into")
    assert (tmp_path / "into" / "tests" / "test_x.py").is_file()
    assert not (tmp_path / "into" / ".git").exists()


async def test_it_works_on_a_local_clone(checkout: Path, tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "-q", "--local", str(checkout), str(tmp_path / "clone"))
    workspaces = GitWorkspaces(tmp_path / "clone", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        (lent.path / "dice.py").write_text("changed\n")
        assert await lent.commit("Change") != lent.base


async def test_a_commit_that_is_not_proposed_yet_is_found_on_another_machine(
    checkout: Path, tmp_path: Path
) -> None:
    shared, other = tmp_path / "shared", tmp_path / "other"
    run_git(tmp_path, "clone", "-q", str(checkout), str(other))
    run_git(other, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    async with GitWorkspaces(checkout, tmp_path / "a", shared=shared).open(
        "k7m2xq", base="HEAD"
    ) as lent:
        assert await lent.commit("Nothing") == lent.base
        (lent.path / "dice.py").write_text("mended\n")
        head = await lent.commit("Mend")
    async with GitWorkspaces(other, tmp_path / "b", shared=shared).open(
        "k7m2xq", base="HEAD"
    ) as lent:
        await lent.reset(head)
        assert await lent.get_head() == head
        assert (lent.path / "dice.py").read_text() == "mended\n"


async def test_a_missing_repository_is_named(tmp_path: Path) -> None:
    workspaces = GitWorkspaces(tmp_path / "absent", tmp_path / "worktrees")
    with pytest.raises(WorkspaceError, match="absent"):
        async with workspaces.open("k7m2xq", base="HEAD"):
            pass


async def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    workspaces = GitWorkspaces(tmp_path / "plain", tmp_path / "worktrees")
    with pytest.raises(WorkspaceError, match="plain") as failed:
        async with workspaces.open("k7m2xq", base="HEAD"):
            pass
    assert "not a git repository" in failed.value.detail


def test_variables_of_a_git_hook_do_not_mislead_it(checkout: Path, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from bot.adapters.git_workspace import GitWorkspaces\n"
        "async def main():\n"
        "    lender = GitWorkspaces(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "    async with lender.open('k7m2xq', base='HEAD') as lent:\n"
        "        (lent.path / 'dice.py').write_text('x')\n"
        "        await lent.commit('Change')\n"
        "asyncio.run(main())\n"
    )
    before = take_snapshot(checkout)
    subprocess.run(
        [sys.executable, "-c", program, str(checkout), str(tmp_path / "worktrees")],
        env={**os.environ, "GIT_DIR": "/nowhere", "GIT_INDEX_FILE": str(checkout / ".git/index")},
        check=True,
    )
    assert take_snapshot(checkout) == before


async def test_a_commit_is_what_its_id_says_whatever_was_put_in_its_place(
    workspaces: GitWorkspaces, checkout: Path
) -> None:
    base = run_git(checkout, "rev-parse", "HEAD")
    posing = commit(checkout, {"dice.py": "evil\n"})
    run_git(checkout, "replace", base, posing)
    async with workspaces.open("k7m2xq", base=base) as lent:
        assert await lent.read_base("dice.py") != "evil\n"
        assert await lent.list_changes() == ()


async def test_a_path_that_is_gits_own_to_another_system_is_not_taken_in(
    workspaces: GitWorkspaces,
) -> None:
    async with workspaces.open("k7m2xq", base="HEAD") as lent:
        write(lent.path, {".g\u200cit/config": "[core]\n\tfsmonitor = touch ran\n"})
        with pytest.raises(WorkspaceError, match="git add"):
            await lent.commit("Change")


@pytest.mark.parametrize("configured", ["core.fileMode false", "core.ignoreCase true"])
async def test_what_the_settings_say_of_the_disk_makes_no_commit_differ_from_its_files(
    checkout: Path, workspaces: GitWorkspaces, configured: str
) -> None:
    run_git(checkout, "config", *configured.split())
    base = commit(checkout, {"run.sh": "#!/bin/sh\n", "Names.py": "A = 1\n"}, "Files")
    async with workspaces.open("k7m2xq", base=base) as lent:
        (lent.path / "run.sh").chmod(0o755)
        (lent.path / "Names.py").rename(lent.path / "names.py")
        await lent.commit("Change both")
        listed = run_git(lent.path, "ls-tree", "-r", "HEAD")
    assert "100755" in next(line for line in listed.splitlines() if line.endswith("run.sh"))
    assert "names.py" in listed
    assert "Names.py" not in listed
