"""Commits are read as they are, and nothing that the repository names is run."""

from pathlib import Path

import pytest
from rehearsal_tests.git_repository import commit, run_git
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.repository import Repository


def test_two_commits_are_sorted_by_history(tmp_path: Path) -> None:
    older = commit(tmp_path / "shop", {"cart.py": "x = 1\n"})
    newer = commit(tmp_path / "shop", {"cogs/dice.py": "x = 2\n"})
    run_git(tmp_path / "shop", "checkout", "-q", "-b", "other", older)
    other = commit(tmp_path / "shop", {"cart.py": "x = 4\n"})
    repository = Repository.open(tmp_path / "shop")

    assert repository.sort_by_history(newer, older) == [older, newer]
    assert repository.sort_by_history(older, newer) == [older, newer]
    assert repository.sort_by_history(other, newer) == [other, newer]
    assert repository.list_files(newer) == ("cart.py", "cogs/dice.py")
    assert repository.list_commits_since(older, newer) == (older, newer)
    assert repository.get_subject(newer) == "Change"
    with pytest.raises(RehearsalError, match="is not an ancestor"):
        repository.list_commits_since(newer, older)


async def test_a_commit_is_written_as_it_is_and_removed_at_the_end(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    older = commit(shop, {"cart.py": "x = 1\n"})
    (shop / "run.sh").write_text("exit 0\n")
    (shop / "run.sh").chmod(0o755)
    (shop / "link").symlink_to("cart.py")
    attributes = "* export-ignore\n*.py filter=loud\n"
    newer = commit(shop, {"cart.py": "x = 2\n", "sub/été.py": "y\n", ".gitattributes": attributes})
    marker = tmp_path / "ran"
    run_git(shop, "config", "filter.loud.smudge", f"sh -c 'touch {marker}; cat'")
    (shop / "cart.py").write_text("x = 3\n")  # not committed
    repository = Repository.open(shop / "sub")

    async with repository.open_tree(newer) as new, repository.open_tree(older) as old:
        assert (new / "cart.py").read_text() == "x = 2\n"
        assert (new / "sub/été.py").read_text() == "y\n"
        assert (new / "link").readlink() == Path("cart.py")
        assert (new / "run.sh").stat().st_mode & 0o100
        assert [path.name for path in old.iterdir()] == ["cart.py"]
    assert not new.exists()
    assert not old.exists()
    assert not marker.exists()
    assert run_git(shop, "status", "--short", "--", "sub", "link") == ""


async def test_a_forged_tree_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    commit(shop, {"cart.py": "x = 1\n"})
    blob = run_git(shop, "rev-parse", "HEAD:cart.py")
    inner = run_git(shop, "mktree", stdin=f"100644 blob {blob}\tcart.py\n")
    raw = b"40000 ..\0" + bytes.fromhex(inner)
    (tmp_path / "tree").write_bytes(raw)
    options = ("hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "tree"))
    forged = run_git(shop, "commit-tree", "-m", "Forged", run_git(shop, *options))

    with pytest.raises(RehearsalError, match="outside its tree"):
        async with Repository.open(shop).open_tree(forged):
            pass
