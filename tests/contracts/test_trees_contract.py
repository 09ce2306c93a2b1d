"""What everything that lays out commits promises."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.git_trees import GitTrees
from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.ports.trees import CommitTrees
from tests.fakes.differences import compute_sha
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.repositories import commit, make_repository, run_git

FIRST = {"cogs/dice.py": b"one\n", ".hidden": b"x", "left out.txt": b"\xff\0"}
SECOND = {"cogs/dice.py": b"two\n"}
Laid = tuple[CommitTrees, str, str]


def in_git(folder: Path) -> Laid:
    make_repository(folder)
    bare = dict.fromkeys(("dice.py", "readme.txt"))
    first = commit(folder, {**bare, **FIRST, ".gitattributes": "*.txt export-ignore\n"})
    gone = dict.fromkeys(("left out.txt", ".hidden", ".gitattributes"))
    return GitTrees(Git(folder)), first, commit(folder, {**SECOND, **gone})


def in_memory(_folder: Path) -> Laid:
    first, second = FIRST | {".gitattributes": b"*.txt export-ignore\n"}, SECOND
    names = compute_sha(first), compute_sha(second)
    trees = FakeCommitTrees(dict(zip(names, (first, second), strict=True)))
    trees.parents[names[1]] = names[0]
    return trees, *names


@pytest.fixture(params=[in_memory, in_git])
def laid(request: pytest.FixtureRequest, tmp_path: Path) -> Laid:
    make: Callable[[Path], Laid] = request.param
    return make(tmp_path / "repository")


def files(folder: Path) -> dict[str, bytes]:
    found = [each for each in folder.rglob("*") if each.is_file()]
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in found}


async def test_a_commit_is_laid_out_as_it_is_whatever_its_attributes_say(laid: Laid) -> None:
    trees, first, second = laid
    async with trees.open_tree(first) as before, trees.open_tree(second) as after:
        assert files(before) == FIRST | {".gitattributes": b"*.txt export-ignore\n"}
        assert files(after) == SECOND
        (before / "cogs/dice.py").write_bytes(b"changed")
        async with trees.open_tree(first) as again:
            assert files(again)["cogs/dice.py"] == b"one\n"
    assert not before.exists()
    assert not after.exists()


async def test_a_commit_that_is_not_there_is_an_error(laid: Laid) -> None:
    trees, _, _ = laid
    with pytest.raises(WorkspaceError):
        async with trees.open_tree("0" * 40):
            pass
    with pytest.raises(WorkspaceError):
        await trees.get_tree_id("0" * 40)


async def test_the_text_of_a_file_is_that_of_the_commit(laid: Laid) -> None:
    trees, first, second = laid
    assert await trees.read_at(first, "cogs/dice.py") == "one\n"
    assert await trees.read_at(second, "cogs/dice.py") == "two\n"
    for commit_id, file in [
        (first, "left out.txt"),
        (second, ".hidden"),
        ("0" * 40, "cogs/dice.py"),
    ]:
        assert await trees.read_at(commit_id, file) is None


async def test_files_have_an_id_that_other_files_do_not_have(laid: Laid) -> None:
    trees, first, second = laid
    assert await trees.get_tree_id(first) == await trees.get_tree_id(first)
    assert await trees.get_tree_id(first) != await trees.get_tree_id(second)


async def test_the_line_of_a_commit_is_told_oldest_first_and_no_longer_than_asked(
    laid: Laid,
) -> None:
    trees, first, second = laid
    assert [each.sha for each in await trees.list_commits(second, limit=2)] == [first, second]
    assert [each.sha for each in await trees.list_commits(second, limit=1)] == [second]
    with pytest.raises(WorkspaceError):
        await trees.list_commits("0" * 40, limit=1)


async def test_what_a_commit_changed_is_told_as_a_suspect(laid: Laid) -> None:
    trees, _, second = laid
    change = await trees.get_change(second)
    assert change.commit.sha == second
    assert "cogs/dice.py" in change.touched
    with pytest.raises(WorkspaceError):
        await trees.get_change("0" * 40)


async def test_a_change_shows_the_code_alone_and_of_a_merge_all_it_brought(tmp_path: Path) -> None:
    folder = tmp_path / "merged"
    make_repository(folder)
    first = commit(folder, {"cogs/dice.py": "one\n", "tests/test_dice.py": "one\n"})
    run_git(folder, "checkout", "-q", "-b", "side")
    commit(folder, {"cogs/dice.py": "two\n"})
    commit(folder, {"tests/test_dice.py": "two\n", "notes.md": "two\n"})
    run_git(folder, "checkout", "-q", "-")
    run_git(folder, "merge", "-q", "--no-ff", "--no-edit", "side")
    merged = run_git(folder, "rev-parse", "HEAD").strip()
    trees = GitTrees(Git(folder))
    change = await trees.get_change(merged)
    assert change.touched == ("cogs/dice.py", "notes.md", "tests/test_dice.py")
    assert "+two" in change.diff
    assert change.diff.count("diff --git") == 1
    assert [each.sha for each in await trees.list_commits(merged, limit=2)] == [first, merged]
