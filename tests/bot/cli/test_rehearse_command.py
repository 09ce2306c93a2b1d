"""`theseus rehearse`: wrong input is reported in a sentence before any replay."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.adapters.git_trees import GitTrees
from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError, RehearsalError
from tests.fakes.repositories import commit, make_repository, run_git

ATTRIBUTES = "* export-ignore\n"
GOOD, BAD = "- command: /roll dice:2d6\n", "- comand: /roll\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_repository(tmp_path / "shop", {"cart.py": "x = 1\n"})
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "cog.yaml").write_text(f"world: {{cogs: [dise]}}\nsteps:\n{GOOD}")
    (tmp_path / "folder").mkdir()
    run_git(tmp_path, "init", "-q", "--bare", "bare.git")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shop"


def _wrong() -> Iterator[tuple[str, str]]:
    good = "--script good.yaml"
    yield f"--commit nothing {good}", "--commit: there is no revision 'nothing'"
    yield f"--commit --output=x {good}", "--commit: there is no revision '--output=x'"
    yield f"--commit HEAD {good} --compare gone", "--compare: there is no revision 'gone'"
    yield f"--commit HEAD {good} --compare HEAD --repeat 2", "--compare and --repeat: use only one"
    yield f"--commit HEAD {good} --yaml --json", "--yaml and --json: use only one"
    yield "--commit HEAD --script cog.yaml", "no cog `dise`"
    yield "--commit HEAD --script none.yaml", "--script none.yaml: No such file or directory; name"
    yield "--commit HEAD --script folder", "--script folder: Is a directory; name a YAML file"
    yield "--commit HEAD --script bad.yaml", "bad.yaml, line 1: step 1: `comand` is not a step; did"
    yield f"--commit HEAD {good} --repo folder", "--repo: folder is not in a git repository"
    yield f"--commit HEAD {good} --repo nowhere", "--repo: nowhere is no folder"
    yield f"--commit HEAD {good} --repo bare.git", "bare.git has no checked-out files; use a clone"


@pytest.mark.parametrize(("words", "said"), list(_wrong()))
def test_what_is_wrong_is_named(shop: Path, words: str, said: str) -> None:
    done = CliRunner().invoke(build_command_line(), ["rehearse", "--repo", "shop", *words.split()])
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)


def test_without_a_sandbox_nothing_is_played(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else is found on the path, bubblewrap is not."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(Path("/usr/bin/git"))
    (programs / "env").symlink_to(Path("/usr/bin/env"))
    monkeypatch.setenv("PATH", str(programs))
    words = ["rehearse", "--repo", "shop", "--commit", "HEAD", "--script", "good.yaml"]
    done = CliRunner().invoke(build_command_line(), words)
    assert isinstance(done.exception, RehearsalError)
    assert "bubblewrap is not installed" in str(done.exception)
    assert not done.exception.retryable  # the exit code is 2


def test_two_commits_are_compared_as_history_has_them(shop: Path) -> None:
    older = run_git(shop, "rev-parse", "HEAD")
    newer = commit(shop, {"cogs/dice.py": "x = 2\n"})
    run_git(shop, "checkout", "-q", "-b", "beside", older)
    beside = commit(shop, {"cart.py": "x = 4\n"})
    trees = GitTrees.open(shop)

    assert trees.sort_by_history(newer, older) == [older, newer]
    assert trees.sort_by_history(older, newer) == [older, newer]
    assert trees.sort_by_history(beside, newer) == [beside, newer]
    assert trees.list_files(newer, "cogs") == ("cogs/dice.py",)
    assert trees.list_files(older, "cogs") == ()


async def test_a_commit_is_laid_out_as_it_is_and_leaves_nothing_behind(shop: Path) -> None:
    older = run_git(shop, "rev-parse", "HEAD")
    commit(shop, {"cart.py": "x = 2\n", "sub/new.py": "y = 1\n", ".gitattributes": ATTRIBUTES})
    (shop / "cart.py").write_text("x = 3\n")  # not committed
    trees = GitTrees.open(shop / "sub")
    async with (
        trees.open_tree(trees.commit("--commit", "HEAD")) as new,
        trees.open_tree(trees.commit("--commit", older)) as old,
    ):
        assert (new / "cart.py").read_text() == "x = 2\n"
        assert {path.name for path in new.iterdir()} == {"cart.py", "sub", ".gitattributes"}
        assert (old / "cart.py").read_text() == "x = 1\n"
    assert not new.exists()
    assert not old.exists()
    assert run_git(shop, "status", "--short") == "M cart.py"
