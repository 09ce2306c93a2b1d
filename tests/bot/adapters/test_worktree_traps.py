"""Traps in a hostile worktree for programs that read it later: our git and our copying."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.domain.change import CheckResult
from bot.domain.errors import WorkspaceError
from bot.infra.git_worktree import GitWorkspace
from tests.fakes.faulty_project import FIXED, make_faulty_project, make_reproduction
from tests.fakes.repositories import commit, make_repository, run_git, write
from tests.support.local_sandbox import choose_local_sandbox

SECONDS = 20.0  # no trap may block a reader
PROGRAMS = (
    "core.fsmonitor core.pager core.editor core.sshCommand core.askPass core.gitProxy "
    "diff.external diff.evil.command diff.evil.textconv filter.evil.clean filter.evil.smudge "
    "filter.evil.process credential.helper gpg.program uploadpack.packObjectsHook sequence.editor"
)
NAMES = (
    "--upload-pack=touch ran", "-rf", "--output=ran", "a\nb.py", "quote\"'$(touch ran).py",
    ":(exclude)*", "*?[", "tab\there", "\u202egnp.py", "e\u0301.py", "CON", "a" * 200,
)  # fmt: skip


@pytest.fixture
async def lent(tmp_path: Path) -> AsyncIterator[GitWorkspace]:
    base = make_faulty_project(tmp_path / "checkout")
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open("r1", base=base) as it:
        yield it


def armed(folder: Path, ran: Path) -> None:
    """Make a repository whose every setting, hook and attribute starts a program."""
    make_repository(folder, {"inner.py": "x\n", ".gitattributes": "* filter=evil diff=evil\n"})
    evil = folder / ".git" / "evil"
    evil.write_text(f'#!/bin/sh\necho "$0" >> "{ran}"\ncat\n')
    evil.chmod(0o755)
    for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction"):
        target = folder / ".git" / "hooks" / hook
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(evil)
    for key in PROGRAMS.split():
        run_git(folder, "config", key, str(evil))
    write(folder, {"inner.py": "changed\n"})
    ran.unlink(missing_ok=True)


async def read(lent: GitWorkspace) -> None:
    """Do everything that the bot does to a worktree after someone worked in it."""
    async with asyncio.timeout(SECONDS):
        for look in (lent.list_changes, lent.get_diff, lambda: lent.commit("Change")):
            try:
                await look()
            except WorkspaceError:
                continue
        await lent.list_changes()
        await lent.reset(lent.base)


@pytest.mark.slow
async def test_a_repository_in_the_worktree_runs_nothing(
    lent: GitWorkspace, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    armed(lent.path / "inner", ran)
    try:
        await read(lent)
    except WorkspaceError:
        await lent.reset(lent.base)
    assert not ran.exists(), ran.read_text()


async def test_a_submodule_filled_with_a_repository_runs_nothing(tmp_path: Path) -> None:
    ran, checkout = tmp_path / "ran", tmp_path / "checkout"
    make_repository(tmp_path / "library", {"inner.py": "x\n"})
    make_faulty_project(checkout)
    run_git(checkout, "-c", "protocol.file.allow=always", "submodule", "add", "-q",
        str(tmp_path / "library"), "inner")  # fmt: skip
    modules = f'[submodule "inner"]\n\tpath = inner\n\turl = ext::sh -c "touch {ran}"\n'
    base = commit(checkout, {".gitmodules": modules + "\tupdate = !touch ran\n"})
    async with GitWorkspaces(checkout, tmp_path / "trees").open("r1", base=base) as lent:
        place = lent.path / "inner"
        if place.is_dir():
            place.rmdir()
        armed(place, ran)
        write(lent.path, {"dice.py": FIXED})
        try:
            await read(lent)
        except WorkspaceError:
            await lent.reset(lent.base)
    assert not ran.exists(), ran.read_text()


def odd_things(tree: Path, outside: Path) -> None:
    """Leave what makes a careless reader hang, or read elsewhere."""
    os.mkfifo(tree / "pipe.py")
    os.mkfifo(tree / "tests" / "conftest.py")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tree)  # a socket's path must be short
        try:
            listening.bind("socket.py")
        finally:
            os.chdir(here)
    (tree / "secret.txt").symlink_to(outside)
    (tree / "pyproject.toml").unlink()
    (tree / "pyproject.toml").symlink_to(outside)
    (tree / "loop").symlink_to("loop")
    (tree / "folder").symlink_to(outside.parent)
    (tree / "zero.py").symlink_to("/dev/zero")
    with (tree / "huge.bin").open("wb") as huge:
        huge.truncate(8 * 1024 * 1024)
    deep = tree
    for _ in range(60):
        deep = deep / "deep"
    deep.mkdir(parents=True)


@pytest.mark.slow
async def test_pipes_sockets_links_and_depths_hold_up_no_reader_and_lead_none_out(
    lent: GitWorkspace, tmp_path: Path
) -> None:
    outside = tmp_path / "someone" / "id_rsa"
    outside.parent.mkdir()
    outside.write_text("very-secret")
    odd_things(lent.path, outside)
    write(lent.path, {"dice.py": FIXED})
    verifier = SandboxedVerifier(choose_local_sandbox(), tmp_path / "cache")
    told: list[CheckResult] = []

    async def listen(result: CheckResult) -> None:
        told.append(result)

    async with asyncio.timeout(SECONDS):
        diff = await lent.get_diff()
        await verifier.run_checks("quick", lent, ["dice.py", "zero.py", "pipe.py"], listen)
        await verifier.find_affected_tests(lent, ["dice.py"], limit=5)
    assert "very-secret" not in diff + "".join(result.output for result in told)
    assert outside.read_text() == "very-secret"
    assert {result.name for result in told} == {"lint", "affected tests"}


@pytest.mark.slow
async def test_names_are_only_names(lent: GitWorkspace, tmp_path: Path) -> None:
    files: Mapping[str, str] = {name: "x = 1\n" for name in NAMES}
    write(lent.path, {**files, "dice.py": FIXED})
    changed = {change.path for change in await lent.list_changes()}
    assert changed == {*NAMES, "dice.py"}
    await lent.commit("-F /etc/passwd\n\n--amend")
    verifier = SandboxedVerifier(choose_local_sandbox(), tmp_path / "cache")
    (result,) = await verifier.run_reproductions([make_reproduction()], lent)
    assert result.status == "passed"
    await lent.reset(lent.base)
    assert await lent.list_changes() == ()
    assert not await asyncio.to_thread(lambda: list(tmp_path.rglob("ran")))


DEEP = """import os
here = os.getcwd()
for _ in range(1_500):
    os.mkdir("deep")
    os.chdir("deep")
os.chdir(here)
"""


@pytest.mark.slow
async def test_a_depth_that_a_test_leaves_is_removed_all_the_same(
    lent: GitWorkspace, tmp_path: Path
) -> None:
    """Deeper than Python calls itself, and than the longest path the kernel takes."""
    write(lent.path, {"dice.py": DEEP + FIXED})
    verifier = SandboxedVerifier(choose_local_sandbox(), tmp_path / "cache")

    async def listen(_: CheckResult) -> None: ...

    (result,) = await verifier.run_checks("quick", lent, ["dice.py"], listen, only="tests")
    assert result.status == "passed"
    assert list((tmp_path / "cache" / "scratch").iterdir()) == []
