"""Settings that make a repository unusable for runs are found, named and never executed."""

from pathlib import Path

import pytest

from bot.infra.git import Git
from bot.infra.git_obstacles import find_obstacles
from tests.fakes.repositories import commit, make_repository, run_git


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a running checkout with one commit."""
    make_repository(tmp_path / "checkout")
    return tmp_path / "checkout"


def texts(checkout: Path) -> list[str]:
    return [each.text for each in find_obstacles(Git(checkout))]


def test_a_plain_repository_has_no_obstacle(checkout: Path) -> None:
    attributes = "*.py text=auto diff=python\n*.bin -filter\n*.png !filter\n"
    commit(checkout, {".gitattributes": attributes, "a.bin": "x", "b.png": "y"}, "Attributes")
    assert texts(checkout) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [("lfs", "Git LFS"), ("git-crypt", "git-crypt"), ("mine", "the git filter mine")],
)
@pytest.mark.parametrize("where", [".gitattributes", "art/.gitattributes", ".git/info/attributes"])
def test_files_behind_a_filter_are_named_and_the_filter_does_not_run(
    checkout: Path, tmp_path: Path, name: str, shown: str, where: str
) -> None:
    commit(checkout, {"art/logo.png": "pointer"}, "Logo")
    run_git(checkout, "config", f"filter.{name}.clean", f"touch {tmp_path}/ran; cat")
    (checkout / where).parent.mkdir(exist_ok=True)
    (checkout / where).write_text(f"*.png filter={name}\n")
    (text,) = texts(checkout)
    assert f"keeps 1 files through {shown}: art/logo.png" in text
    assert ".gitattributes" in text
    assert not (tmp_path / "ran").exists()


def test_an_attribute_that_no_tracked_file_has_is_no_obstacle(checkout: Path) -> None:
    commit(checkout, {".gitattributes": "*.psd filter=lfs\n"}, "Attributes")
    assert texts(checkout) == []


def test_a_submodule_is_named(checkout: Path, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    run_git(checkout, "update-index", "--add", "--cacheinfo", f"160000,{other},libs/other")
    (text,) = texts(checkout)
    assert "submodules: libs/other" in text


def test_a_sparse_checkout_is_named_with_a_file_that_is_left_out(checkout: Path) -> None:
    commit(checkout, {"cogs/dice.py": "x", "docs/a.md": "y"}, "More")
    run_git(checkout, "sparse-checkout", "set", "cogs")
    (text,) = texts(checkout)
    assert "sparse: 1 files are left out, such as docs/a.md" in text
    run_git(checkout, "sparse-checkout", "disable")
    assert texts(checkout) == []


def test_a_partial_clone_is_named_and_fetches_nothing(checkout: Path, tmp_path: Path) -> None:
    run_git(checkout, "config", "uploadpack.allowFilter", "true")
    source = f"file://{checkout}"
    run_git(tmp_path, "clone", "-q", "--filter=blob:none", source, str(tmp_path / "partial"))
    (text,) = texts(tmp_path / "partial")
    assert "The clone is partial" in text
    assert "without --filter" in text


def test_all_obstacles_of_a_repository_are_found_at_once(checkout: Path, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    commit(checkout, {".gitattributes": "*.png filter=lfs\n", "a.png": "x"}, "Art")
    run_git(checkout, "update-index", "--add", "--cacheinfo", f"160000,{other},libs/other")
    run_git(checkout, "config", "remote.origin.promisor", "true")
    assert len(texts(checkout)) == 3
