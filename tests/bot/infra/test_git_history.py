"""Reading history runs nothing, writes nothing, and shows nothing but what the branch stands on."""

from pathlib import Path

import pytest

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.infra.git_history import history, shown, touched
from tests.fakes.repositories import git, repository, write

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
    repository(folder, {"dice.py": "one\n", ".gitattributes": "*.py diff=trap filter=trap\n"})
    write(folder, {"dice.py": "two\n", "new.py": "n\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Count\n\nFrom one.", at=NOON)
    return folder


def test_what_a_repository_configures_is_not_run(place: Path, tmp_path: Path) -> None:
    for name, value in TRAPS.items():
        git(place, "config", name, value.format(trap=tmp_path / "sprung"))
    here = Git(place)
    first, *_ = history(here, "dice.py", 5)
    assert first.summary == "Count"
    assert touched(here, "HEAD") == ("dice.py", "new.py")
    text = shown(here, first.sha, ("dice.py",))
    assert "From one." in text
    assert "-one\n+two" in text
    assert "new.py" not in text
    assert not (tmp_path / "sprung").exists()
    git(place, "show", "HEAD", "--", "dice.py")
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
    for read in (lambda: touched(Git(place), named), lambda: shown(Git(place), named, ())):
        with pytest.raises(WorkspaceError):
            read()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("file", ["--output={out}", "-O{out}", ":(top)dice.py", ":/", "*.py"])
def test_a_path_is_only_ever_a_path(place: Path, tmp_path: Path, file: str) -> None:
    named = file.replace("{out}", str(tmp_path / "out"))
    assert history(Git(place), named, 5) == ()
    assert "diff --git" not in shown(Git(place), "HEAD", (named,))
    assert not (tmp_path / "out").exists()


def test_what_the_branch_does_not_stand_on_is_not_there(place: Path) -> None:
    git(place, "checkout", "-q", "-b", "somebody-elses")
    write(place, {"secret.txt": "theirs\n"})
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "Theirs", at=NOON)
    theirs = git(place, "rev-parse", "HEAD")
    git(place, "checkout", "-q", "-")
    assert history(Git(place), "", 9)[0].summary == "Count"
    with pytest.raises(WorkspaceError, match="stands on"):
        shown(Git(place), theirs, ("secret.txt",))


def test_a_first_commit_and_a_merge_show_what_they_brought(place: Path) -> None:
    root = history(Git(place), "", 9)[-1].sha
    assert "dice.py" in touched(Git(place), root)
    assert "+one" in shown(Git(place), root, ("dice.py",))
    git(place, "checkout", "-q", "-b", "side", "HEAD~1")
    write(place, {"side.txt": "s\n"})
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "Side", at=NOON + 1)
    git(place, "checkout", "-q", "-")
    git(place, "merge", "-q", "--no-ff", "-m", "Merge side", "side", at=NOON + 2)
    assert touched(Git(place), "HEAD") == ("side.txt",)
