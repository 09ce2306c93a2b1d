"""The plumbing under every git adapter: errors name the way out."""

from pathlib import Path

import pytest

from bot.domain.errors import ForgeUnavailable
from bot.infra.git import Git
from tests.fakes.repositories import make_repository


def test_a_missing_git_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeUnavailable, match="install git"):
        Git(tmp_path, error=ForgeUnavailable).run("version")


def test_failures_keep_gits_own_words_out_of_the_message(tmp_path: Path) -> None:
    make_repository(tmp_path / "r")
    with pytest.raises(ForgeUnavailable) as failed:
        Git(tmp_path / "r", error=ForgeUnavailable).run("cat-file", "-p", "absent")
    assert "absent" not in str(failed.value)
    assert "absent" in failed.value.detail


@pytest.mark.parametrize("name", ["--help", "-1", "a b", "main\n", "HEAD..main", "", ":/Initial"])
def test_what_cannot_name_a_commit_names_none(tmp_path: Path, name: str) -> None:
    make_repository(tmp_path / "r")
    git = Git(tmp_path / "r")
    assert git.find_revision(name) is None
    assert git.find_revision("HEAD") == git.resolve_revision("main")
