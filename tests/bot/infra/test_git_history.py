"""Reading history runs nothing, writes nothing, and shows only ancestors of the branch."""

from pathlib import Path

import pytest

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.infra.git_history import list_changed_files, list_history, show_commit
from tests.fakes.repositories import make_repository, run_git, write

NOON = 1_790_000_000
TRAPS = {
    "diff.external": "touch {trap}",
    "diff.trap.textconv": "touch {trap}; cat",
    "diff.trap.command": "touch {trap}",
    "core.pager": "touch {trap}",
    "pager.log": "touch {trap}",
    "pager.diff-tree": "touch {trap}",
    "gpg.program": "touch {trap}",
    "log.showSignature": "true",
    "alias.log": "!touch {trap}",
    "core.fsmonitor": "touch {trap}",
    "log.follow": "true",
    "format.pretty": "format:stolen",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a repository of two commits."""
    folder = tmp_path / "checkout"
    make_repository(folder, {"dice.py": "one\n", ".gitattributes": "*.py diff=trap filter=trap\n"})
    write(folder, {"dice.py": "two\n", "new.py": "n\n"})
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "Count\n\nFrom one.", at=NOON)
    return folder


def test_what_a_repository_configures_is_not_run(place: Path, tmp_path: Path) -> None:
    for name, value in TRAPS.items():
        run_git(place, "config", name, value.format(trap=tmp_path / "sprung"))
    here = Git(place)
    first, *_ = list_history(here, "dice.py", 5)
    assert first.summary == "Count"
    assert list_changed_files(here, "HEAD") == ("dice.py", "new.py")
    text = show_commit(here, first.sha, ("dice.py",))
    assert "From one." in text
    assert "-one\n+two" in text
    assert "new.py" not in text
    assert not (tmp_path / "sprung").exists()
    run_git(place, "show", "HEAD", "--", "dice.py")
    assert (tmp_path / "sprung").exists(), "the traps are none"


@pytest.mark.parametrize(
    "commit",
    [
        "--output={out}",
        "-c",
        "--exec=id",
        "HEAD --output={out}",
        "HEAD..HEAD",
        ":/Count",
        "",
        "@{u}",
    ],
)
def test_a_commit_is_only_ever_a_commit(place: Path, tmp_path: Path, commit: str) -> None:
    named = commit.replace("{out}", str(tmp_path / "out"))
    for read in (
        lambda: list_changed_files(Git(place), named),
        lambda: show_commit(Git(place), named, ()),
    ):
        with pytest.raises(WorkspaceError):
            read()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("file", ["--output={out}", "-O{out}", ":(top)dice.py", ":/", "*.py"])
def test_a_path_is_only_ever_a_path(place: Path, tmp_path: Path, file: str) -> None:
    named = file.replace("{out}", str(tmp_path / "out"))
    assert list_history(Git(place), named, 5) == ()
    assert "diff --git" not in show_commit(Git(place), "HEAD", (named,))
    assert not (tmp_path / "out").exists()


def test_what_the_branch_does_not_stand_on_is_not_there(place: Path) -> None:
    run_git(place, "checkout", "-q", "-b", "somebody-elses")
    write(place, {"secret.txt": "theirs\n"})
    run_git(place, "add", "-A")
    run_git(place, "commit", "-q", "-m", "Theirs", at=NOON)
    theirs = run_git(place, "rev-parse", "HEAD")
    run_git(place, "checkout", "-q", "-")
    assert list_history(Git(place), "", 9)[0].summary == "Count"
    with pytest.raises(WorkspaceError, match="stands on"):
        show_commit(Git(place), theirs, ("secret.txt",))


def test_a_first_commit_and_a_merge_show_what_they_brought(place: Path) -> None:
    root = list_history(Git(place), "", 9)[-1].sha
    assert "dice.py" in list_changed_files(Git(place), root)
    assert "+one" in show_commit(Git(place), root, ("dice.py",))
    run_git(place, "checkout", "-q", "-b", "side", "HEAD~1")
    write(place, {"side.txt": "s\n"})
    run_git(place, "add", "-A")
    run_git(place, "commit", "-q", "-m", "Side", at=NOON + 1)
    run_git(place, "checkout", "-q", "-")
    run_git(place, "merge", "-q", "--no-ff", "-m", "Merge side", "side", at=NOON + 2)
    assert list_changed_files(Git(place), "HEAD") == ("side.txt",)
