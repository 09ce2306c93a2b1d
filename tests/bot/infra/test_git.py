"""The plumbing under every git adapter: errors name the way out."""

import os
import resource
from pathlib import Path

import pytest

from bot.domain.errors import ForgeUnavailable, WorkspaceError
from bot.infra.git import Git
from tests.fakes.repositories import make_repository


def test_a_missing_git_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeUnavailable, match="install git"):
        Git(tmp_path, error=ForgeUnavailable).run("version")


def test_a_machine_without_descriptors_is_named_and_not_taken_for_an_error_of_ours(
    tmp_path: Path,
) -> None:
    make_repository(tmp_path / "r")
    repository = Git(tmp_path / "r")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        with pytest.raises(WorkspaceError, match=r"\(Too many open files\): .* try again"):
            repository.run("version")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert repository.run("version").status == 0


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
