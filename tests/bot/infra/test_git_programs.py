"""Reading a repository runs no program from its configuration, and fetches nothing."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from theseus_guard.git_settings import PLAIN_DIFF
from theseus_observe.redaction import redact
from theseus_repair.history import load_templates
from theseus_repair.suspects import load_subject, load_suspect_hunks

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.infra.git_fetch import fetch
from bot.infra.git_history import list_history
from bot.infra.git_revisions import export
from tests.fakes.repositories import make_repository, run_git

# Every key of git's configuration whose value is a program (git help config, git 2.39 to 2.52).
PROGRAMS = (
    "core.sshCommand", "core.askPass", "core.fsmonitor", "core.editor", "core.pager",
    "core.gitProxy", "core.alternateRefsCommand", "credential.helper",
    "credential.https://example.org.helper", "diff.external", "diff.evil.command",
    "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
    "merge.evil.driver", "gpg.program", "gpg.ssh.program", "gpg.x509.program",
    "gpg.ssh.defaultKeyCommand", "interactive.diffFilter", "pager.log", "pager.diff", "pager.show",
    "sequence.editor", "uploadpack.packObjectsHook", "remote.origin.uploadpack",
    "remote.origin.receivepack", "trailer.evil.command", "trailer.evil.cmd", "alias.log",
    "mergetool.evil.cmd", "difftool.evil.cmd", "browser.evil.cmd", "man.evil.cmd", "web.browser",
    "sendemail.smtpServer", "imap.tunnel",
    "instaweb.httpd", "guitool.evil.cmd", "tar.evil.command",
)  # fmt: skip
ADDRESSES = {
    "a file": "file://{there}",
    "ssh": "ssh://example.org/repo.git",
    "http": "http://127.0.0.1:9/repo.git",
    "git": "git://127.0.0.1:9/repo.git",
    "ext": "ext::{program}",
    "a helper": "evil::whatever",
}


def prepared(folder: Path, address: str) -> tuple[Path, Path]:
    """Return a partial clone whose configuration names programs, and the file these would make."""
    there, here, mark = folder / "there", folder / "here", folder / "ran"
    make_repository(
        there,
        {
            "dice.py": "one = 1\n",
            "notes.txt": "a\n",
            ".gitattributes": "* filter=evil diff=evil merge=evil\n",
        },
    )
    (there / "dice.py").write_text("one = 2\n")
    run_git(there, "commit", "-qam", "Change it")
    run_git(there, "config", "uploadpack.allowFilter", "true")
    run_git(folder, "clone", "-q", "--filter=blob:none", f"file://{there}", str(here))
    program = folder / "program"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\nexit 1\n")
    program.chmod(0o755)
    # The helper of an address is looked up on PATH, where a checkout may put itself.
    shutil.copy(program, here / "git-remote-evil")
    run_git(here, "config", "protocol.allow", "always")
    for each in ("ext", "file", "ssh", "git", "evil"):
        run_git(here, "config", f"protocol.{each}.allow", "always")
    for key in PROGRAMS:
        run_git(here, "config", key, str(program))
    hook = here / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(program, hook)
    run_git(here, "config", "remote.origin.url", address.format(there=there, program=program))
    return here, mark


async def read_everything(here: Path) -> None:
    plain = Git(here)
    for words in (
        ("log", "-p", *PLAIN_DIFF), ("diff", *PLAIN_DIFF, "HEAD~1"), ("show", *PLAIN_DIFF, "HEAD"),
        ("blame", "--no-textconv", "--", "dice.py"), ("status", "--porcelain"),
        ("cat-file", "-p", "HEAD~1:dice.py"),
        ("ls-files", "--stage"), ("rev-list", "--objects", "HEAD"), ("grep", "one"),
        ("archive", "HEAD"), ("merge-base", "HEAD", "HEAD~1"), ("fsck",),
    ):  # fmt: skip
        plain.run(*words, ok=None)
    list_history(plain, "dice.py", 5)
    with suppress(WorkspaceError):  # objects are missing: an error, and no fetch
        export(plain, "HEAD~1", here.parent)
    await load_suspect_hunks(here)
    await load_templates(here)
    await load_subject(here, "HEAD", redact)


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
async def test_reading_a_partial_clone_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    here, mark = prepared(tmp_path, address)
    monkeypatch.setenv("PATH", f"{here}{os.pathsep}{os.environ['PATH']}")
    await read_everything(here)
    assert not mark.exists()


@pytest.mark.parametrize(
    "address", ["file://{there}", "ext::{program}", "evil::x", "git://127.0.0.1:9/r"]
)
async def test_a_fetch_runs_none_of_the_programs_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    here, mark = prepared(tmp_path, address)
    monkeypatch.setenv("PATH", f"{here}{os.pathsep}{os.environ['PATH']}")
    reached = True
    try:
        fetch(Git(here), "origin", "+refs/heads/main:refs/remotes/origin/main")
    except WorkspaceError:
        reached = False
    assert reached is address.startswith("file:")
    assert not mark.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_account_is_refused_with_the_way_out(tmp_path: Path) -> None:
    make_repository(tmp_path / "theirs", {"a.txt": "a\n"})
    give_away(tmp_path / "theirs")
    with pytest.raises(WorkspaceError, match=r"belongs to another account.*safe\.directory"):
        Git(tmp_path / "theirs").run("log", "-1")


def give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 65_534, 65_534)
