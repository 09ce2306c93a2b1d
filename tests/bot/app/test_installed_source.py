"""An installation from git knows where it came from, and what it clones is a bot of one's own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.app.installed_source import InstalledSource, clone_source, find_installed_source
from bot.cli.new import new_cli
from bot.domain.errors import ConfigError
from tests.fakes.repositories import commit, make_repository, run_git

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def record(url: str = "https://git.example.org/x.git", **vcs: str) -> str:
    return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT, **vcs}})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_repository(tmp_path / "project", {"cogs/dice.py": "old\n"})
    return tmp_path / "project"


def test_what_an_installer_wrote_down_is_where_it_came_from() -> None:
    source = find_installed_source(record())
    assert source == InstalledSource(url="https://git.example.org/x.git", commit=COMMIT)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"url": "file:///x", "dir_info": {"editable": true}}',
     record(vcs="hg"), record(commit_id="--upload-pack=evil"), record(url="")],
)  # fmt: skip
def test_what_is_no_commit_of_git_is_no_source(text: str) -> None:
    assert find_installed_source(text) is None


def test_the_commit_that_was_installed_is_cloned_as_main_with_the_way_upstream(
    project: Path, tmp_path: Path
) -> None:
    installed = run_git(project, "rev-parse", "HEAD")
    commit(project, {"cogs/dice.py": "new\n"}, "Go on")
    made = tmp_path / "my bot"
    clone_source(InstalledSource(url=str(project), commit=installed), made)
    assert run_git(made, "rev-parse", "HEAD") == installed
    assert run_git(made, "symbolic-ref", "--short", "HEAD") == "main"
    assert run_git(made, "remote", "get-url", "upstream") == str(project)
    assert (made / "cogs/dice.py").read_text() == "old\n"
    assert run_git(made, "status", "--porcelain") == ""


def test_without_a_commit_it_is_the_newest(project: Path, tmp_path: Path) -> None:
    clone_source(InstalledSource(url=str(project)), tmp_path / "bot")
    assert run_git(tmp_path / "bot", "rev-parse", "HEAD") == run_git(project, "rev-parse", "HEAD")


def test_a_folder_with_something_in_it_is_left_alone(project: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "work.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        clone_source(InstalledSource(url=str(project)), taken)
    assert (taken / "work.txt").read_text() == "mine"


@pytest.mark.parametrize("commit_id", [COMMIT, None])
def test_what_cannot_be_cloned_leaves_nothing_and_shows_no_password(
    project: Path, tmp_path: Path, commit_id: str | None
) -> None:
    url = str(project) if commit_id else "http://ann:s3cret@127.0.0.1:9/x.git"
    made = tmp_path / "bot"
    with pytest.raises(ConfigError, match="cannot be cloned") as caught:
        clone_source(InstalledSource(url=url, commit=commit_id), made)
    assert not made.exists()
    assert "s3cret" not in str(caught.value)


def test_new_bot_makes_one_and_says_what_is_next(project: Path, tmp_path: Path) -> None:
    made = tmp_path / "mine"
    done = CliRunner().invoke(new_cli, ["bot", str(made), "--from", str(project)])
    assert done.exit_code == 0, done.output
    assert (made / "cogs/dice.py").exists()
    assert "theseus setup" in done.output


def test_new_bot_asks_for_the_repository_where_nothing_tells(tmp_path: Path) -> None:
    done = CliRunner().invoke(new_cli, ["bot", str(tmp_path / "mine")])
    assert isinstance(done.exception, ConfigError)
    assert "--from https://" in str(done.exception)
