"""What every lender of worktrees promises."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from theseus_guard.records import FileChange

from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.change import RevertResult
from bot.domain.errors import MergeConflict, WorkspaceBusy, WorkspaceError
from bot.ports.workspace import Workspaces
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.fakes.repositories import make_repository, run_git

FILES: dict[str, str | bytes | None] = {
    "dice.py": "one\ntwo\nthree\n",
    "old.txt": "gone soon\n" * 5,
    "logo.png": b"\x89PNG\0\1\2",
    "sub/deep.txt": "deep\r\nwater\r\n",
}


@dataclass
class Yard:
    """A lender and the commit that worktrees start from."""

    workspaces: Workspaces
    base: str


@pytest.fixture(params=["fake", "git"])
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Yard:
    """Return each lender in turn, on the same small repository."""
    if request.param == "fake":
        fake = FakeWorkspaces(tmp_path / "worktrees", {k: v or "" for k, v in FILES.items()})
        return Yard(fake, fake.base)
    base = make_repository(tmp_path / "checkout", FILES)
    return Yard(GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees"), base)


async def test_a_lent_worktree_holds_base_on_a_branch_of_its_own(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base, slug="Dice crash!") as lent:
        assert lent.branch == "theseus/k7m2xq-dice-crash"
        assert lent.base == await lent.get_head() == yard.base
        assert lent.path.is_absolute()
        assert (lent.path / "dice.py").read_text() == "one\ntwo\nthree\n"
        assert await lent.list_changes() == ()
        assert await lent.get_diff() == ""


async def test_it_is_removed_on_exit_whatever_happened(yard: Yard) -> None:
    with pytest.raises(KeyError):
        async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
            path = lent.path
            (path / "dice.py").write_text("half done")
            raise KeyError
    assert not path.exists()


async def test_commits_are_there_when_it_is_lent_again(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base, slug="first") as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        head = await lent.commit("Mend the dice")
        assert head == await lent.get_head() != yard.base
    async with yard.workspaces.open("k7m2xq", base=head, slug="other words") as again:
        assert again.branch == "theseus/k7m2xq-first"
        assert (again.base, await again.get_head()) == (yard.base, head)
        assert (again.path / "dice.py").read_text() == "one\n2\nthree\n"


async def test_committing_nothing_returns_the_present_head(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        assert await lent.commit("Nothing") == yard.base


async def test_a_snapshot_holds_the_uncommitted_work_and_changes_nothing(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        (lent.path / "fresh.txt").write_text("a\n")
        before, diff = await lent.list_changes(), await lent.get_diff()
        taken = await lent.take_snapshot()
        assert await lent.get_head() == yard.base != taken
        assert (await lent.list_changes(), await lent.get_diff()) == (before, diff)
        assert await lent.read_at(taken, "fresh.txt") == "a\n"
        assert await lent.read_at(taken, "dice.py") == "one\n2\nthree\n"
        head = await lent.commit("The same files")
        assert await lent.read_at(head, "fresh.txt") == "a\n"


async def test_a_run_has_one_worktree_at_a_time(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base):
        with pytest.raises(WorkspaceBusy):
            async with yard.workspaces.open("k7m2xq", base=yard.base):
                pass
        async with yard.workspaces.open("other1", base=yard.base) as other:
            assert await other.get_head() == yard.base
    async with yard.workspaces.open("k7m2xq", base=yard.base) as again:
        assert again.path.exists()


async def test_changes_count_every_kind_of_change(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\n2.5\nthree\n")
        (lent.path / "old.txt").rename(lent.path / "new.txt")
        (lent.path / "logo.png").write_bytes(b"\x89PNG\0\3")
        (lent.path / "sub/deep.txt").unlink()
        (lent.path / "fresh.txt").write_text("a\nb\n")
        counted = await lent.list_changes()
        assert counted == await lent.list_changes()
        await lent.commit("All of it")
        assert await lent.list_changes() == counted
    assert counted == (
        FileChange(path="dice.py", added=2, removed=1, status="modified"),
        FileChange(path="fresh.txt", added=2, removed=0, status="added"),
        FileChange(path="logo.png", added=0, removed=0, status="modified"),
        FileChange(path="new.txt", added=0, removed=0, status="renamed"),
        FileChange(path="old.txt", added=0, removed=0, status="deleted"),
        FileChange(path="sub/deep.txt", added=0, removed=2, status="deleted"),
    )


async def test_any_file_name_is_just_a_name(yard: Yard) -> None:
    names = ['with "quotes".txt', "with spaces and ü.txt", "line\nbreak.txt", "-rf", ":(glob)*"]
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        for name in names:
            (lent.path / name).write_text("x\n")
        await lent.commit("Odd names")
        assert {change.path for change in await lent.list_changes()} == set(names)
        assert "with spaces and ü.txt" in await lent.get_diff()


async def test_the_diff_holds_uncommitted_and_new_files(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        await lent.commit("Mend")
        (lent.path / "note.txt").write_text("new\n")
        diff = await lent.get_diff()
    assert "--- a/dice.py\n+++ b/dice.py\n" in diff
    assert "-two\n+2\n" in diff
    assert "+++ b/note.txt\n@@ -0,0 +1 @@\n+new\n" in diff


async def test_reset_drops_everything_else(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("committed\n")
        await lent.commit("One")
        (lent.path / "dice.py").write_text("uncommitted\n")
        (lent.path / "left").mkdir()
        (lent.path / "left" / "over.txt").write_text("x")
        await lent.reset(yard.base)
        assert await lent.get_head() == yard.base
        assert await lent.list_changes() == ()
        assert not (lent.path / "left").exists()
        assert (lent.path / "dice.py").read_text() == "one\ntwo\nthree\n"


async def test_base_is_read_as_it_was(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "sub/deep.txt").write_text("changed")
        assert await lent.read_base("sub/deep.txt") == "deep\r\nwater\r\n"
        assert await lent.read_base("absent.txt") is None
        assert await lent.read_base("sub") is None
        assert await lent.read_base("logo.png") is None
        assert await lent.read_base("../checkout/dice.py") is None


async def test_a_file_is_read_as_it_is_in_any_commit(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("four\n")
        head = await lent.commit("One")
        (lent.path / "dice.py").write_text("uncommitted\n")
        assert await lent.read_at(head, "dice.py") == "four\n"
        assert await lent.read_at(yard.base, "dice.py") == "one\ntwo\nthree\n"
        assert await lent.read_at(head, "absent.txt") is None


async def _moved_on(yard: Yard, files: dict[str, str | bytes | None]) -> str:
    """Let somebody's commit come after base; return it."""
    if isinstance(yard.workspaces, FakeWorkspaces):
        now = {k: v for k, v in (FILES | files).items() if v is not None}
        return yard.workspaces.add_snapshot(now)
    async with yard.workspaces.open("other1", base=yard.base) as other:
        for name, content in files.items():
            assert isinstance(content, str)
            (other.path / name).write_text(content)
        return await other.commit("Somebody else's")


async def test_a_merge_is_made_apart_and_is_a_change_of_the_newest_base(yard: Yard) -> None:
    tip = await _moved_on(yard, {"theirs.txt": "theirs\n"})
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        head = await lent.commit("Mend the dice")
        alone = await lent.get_tree_id()
        merged = await lent.build_merge(tip, head)
        assert merged.base == tip
        assert [change.path for change in await merged.list_changes()] == ["dice.py"]
        assert "theirs" not in await merged.get_diff()
        assert await merged.list_base_files() == frozenset(FILES) | {"theirs.txt"}
        assert (merged.path / "theirs.txt").read_text() == "theirs\n"
        assert await merged.get_tree_id() not in (alone, yard.base)
        assert await lent.list_base_files() == frozenset(FILES)
    async with yard.workspaces.open("k7m2xq", base=yard.base) as again:
        assert (await again.get_head(), await again.get_tree_id()) == (head, alone)
        assert not (again.path / "theirs.txt").exists()


async def test_where_base_has_not_moved_the_merge_holds_what_the_head_holds(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        head = await lent.commit("Mend the dice")
        alone = await lent.get_tree_id()
        (lent.path / "left.txt").write_text("left over")
        assert await (await lent.build_merge(yard.base, head)).get_tree_id() == alone


async def test_what_does_not_merge_names_the_files_and_leaves_the_branch(yard: Yard) -> None:
    tip = await _moved_on(yard, {"dice.py": "one\nzwei\nthree\n"})
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        head = await lent.commit("Mend the dice")
        with pytest.raises(MergeConflict) as refused:
            await lent.build_merge(tip, head)
        assert refused.value.files == ("dice.py",)
    async with yard.workspaces.open("k7m2xq", base=yard.base) as again:
        assert await again.get_head() == head
        assert (again.path / "dice.py").read_text() == "one\n2\nthree\n"


async def _part(yard: Yard, run_id: str, files: dict[str, str]) -> str:
    """Write a change beside others, on a branch of its own; return its commit."""
    async with yard.workspaces.open(run_id, base=yard.base) as lent:
        for name, text in files.items():
            (lent.path / name).write_text(text)
        return await lent.commit(f"Write {run_id}")


async def test_commits_written_beside_each_other_are_joined_on_the_branch(yard: Yard) -> None:
    first = await _part(yard, "k7m2xqp1", {"coin.py": "coin\n"})
    second = await _part(yard, "k7m2xqp2", {"cards.py": "cards\n"})
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        await lent.merge(first, "Join the first")
        head = await lent.merge(second, "Join the second")
        assert await lent.get_head() == head
        assert {change.path for change in await lent.list_changes()} == {"coin.py", "cards.py"}
    async with yard.workspaces.open("k7m2xq", base=yard.base) as again:
        assert await again.get_head() == head


async def test_entries_that_both_add_at_one_place_are_all_kept(yard: Yard) -> None:
    first = await _part(yard, "k7m2xqp1", {"dice.py": "import ast\none\ntwo\nthree\n"})
    second = await _part(yard, "k7m2xqp2", {"dice.py": "import os\none\ntwo\nthree\n"})
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        await lent.merge(first, "Join the first")
        await lent.merge(second, "Join the second")
        assert (lent.path / "dice.py").read_text() == "import ast\nimport os\none\ntwo\nthree\n"
        assert await lent.get_head() == await lent.commit("Nothing is left over")


async def test_lines_that_both_add_and_no_rule_knows_are_a_conflict_with_both_sides(
    yard: Yard,
) -> None:
    first = await _part(yard, "k7m2xqp1", {"dice.py": "one\ntwo\nthree\ncheck()\n"})
    second = await _part(yard, "k7m2xqp2", {"dice.py": "one\ntwo\nthree\nstop()\n"})
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        await lent.merge(first, "Join the first")
        with pytest.raises(MergeConflict) as refused:
            await lent.merge(second, "Join the second")
        assert refused.value.files == ("dice.py",)
        assert refused.value.sides == "dice.py\nours:\ncheck()\ntheirs:\nstop()\n"


async def test_what_both_change_is_not_joined_and_leaves_all_as_it_was(yard: Yard) -> None:
    first = await _part(yard, "k7m2xqp1", {"dice.py": "one\n2\nthree\n"})
    second = await _part(yard, "k7m2xqp2", {"dice.py": "one\nzwei\nthree\n"})
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        head = await lent.merge(first, "Join the first")
        with pytest.raises(MergeConflict) as refused:
            await lent.merge(second, "Join the second")
        assert refused.value.files == ("dice.py",)
        assert await lent.get_head() == head
        assert (lent.path / "dice.py").read_text() == "one\n2\nthree\n"


async def test_bases_files_are_listed_whatever_the_worktree_holds(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "new.txt").write_text("new")
        (lent.path / "dice.py").unlink()
        await lent.commit("Change what is there")
        assert await lent.list_base_files() == frozenset(FILES)


async def test_base_can_be_exported_whole(yard: Yard, tmp_path: Path) -> None:
    into = tmp_path / "exported here"
    into.mkdir()
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("changed")
        (lent.path / "new.txt").write_text("new")
        before = await lent.list_changes()
        await lent.export_base(into)
        assert await lent.list_changes() == before
    exported = {
        path.relative_to(into).as_posix(): path.read_bytes()
        for path in into.rglob("*")
        if path.is_file()
    }
    expected = {k: v.encode() if isinstance(v, str) else v for k, v in FILES.items()}
    assert exported == expected


async def test_exporting_into_a_missing_folder_is_an_error(yard: Yard, tmp_path: Path) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        with pytest.raises(WorkspaceError, match="absent"):
            await lent.export_base(tmp_path / "absent")


async def merged(yard: Yard, text: str = "one\n2\nthree\n") -> str:
    """Return a commit that changes a file, adds one and removes one."""
    async with yard.workspaces.open("merged", base=yard.base) as lent:
        (lent.path / "dice.py").write_text(text)
        (lent.path / "fresh.txt").write_text("a\nb\n")
        (lent.path / "old.txt").unlink()
        return await lent.commit("Mend the dice")


async def test_what_was_merged_is_taken_back_to_how_it_was(yard: Yard) -> None:
    commit = await merged(yard)
    async with yard.workspaces.open("k7m2xq", base=commit) as lent:
        undone = await lent.revert(commit, commit)
        assert undone == RevertResult(
            before=yard.base, restored=("dice.py", "fresh.txt", "old.txt")
        )
        assert (lent.path / "dice.py").read_text() == "one\ntwo\nthree\n"
        assert (lent.path / "old.txt").exists() and not (lent.path / "fresh.txt").exists()
        assert await lent.commit("Take it back") != commit
        assert {change.path for change in await lent.list_changes()} == set(undone.restored)


async def test_what_came_later_stays(yard: Yard) -> None:
    commit = await merged(yard, "one\ntwo\nthree\nfour\nfive\nsix\n7\n")
    async with yard.workspaces.open("later1", base=commit) as later:
        (later.path / "dice.py").write_text("zero\none\ntwo\nthree\nfour\nfive\nsix\n7\n")
        head = await later.commit("Begin at zero")
    async with yard.workspaces.open("k7m2xq", base=head) as lent:
        undone = await lent.revert(commit, commit)
        assert undone.blended == ("dice.py",)
        assert undone.restored == ("fresh.txt", "old.txt")
        assert (lent.path / "dice.py").read_text() == "zero\none\ntwo\nthree\n"


async def test_where_the_same_lines_were_changed_since_nothing_is_taken_back(yard: Yard) -> None:
    commit = await merged(yard)
    async with yard.workspaces.open("later1", base=commit) as later:
        (later.path / "dice.py").write_text("one\nII\nthree\n")
        head = await later.commit("Write it as the Romans did")
    async with yard.workspaces.open("k7m2xq", base=head) as lent:
        undone = await lent.revert(commit, commit)
        assert undone == RevertResult(before=yard.base, conflicts=("dice.py",))
        assert await lent.list_changes() == ()
        assert (lent.path / "dice.py").read_text() == "one\nII\nthree\n"
        assert (lent.path / "fresh.txt").exists()


async def test_what_is_gone_already_is_not_taken_back_twice(yard: Yard) -> None:
    commit = await merged(yard)
    async with yard.workspaces.open("later1", base=commit) as later:
        await later.revert(commit, commit)
        head = await later.commit("Take it back")
    async with yard.workspaces.open("k7m2xq", base=head) as lent:
        assert (await lent.revert(commit, commit)).files == ()
        assert await lent.list_changes() == ()


async def test_a_merge_that_is_not_there_cannot_be_taken_back(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        with pytest.raises(WorkspaceError):
            await lent.revert("0" * 40, "0" * 40)


async def test_a_dropped_run_starts_afresh(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base, slug="first") as lent:
        (lent.path / "dice.py").write_text("x")
        await lent.commit("Try")
    await yard.workspaces.drop("k7m2xq")
    await yard.workspaces.drop("k7m2xq")
    async with yard.workspaces.open("k7m2xq", base=yard.base, slug="second") as lent:
        assert lent.branch == "theseus/k7m2xq-second"
        assert await lent.get_head() == yard.base


async def test_a_base_that_is_not_there_is_an_error(yard: Yard) -> None:
    for base in ("0" * 40, "nonsense", "--help", ""):
        with pytest.raises(WorkspaceError):
            async with yard.workspaces.open("k7m2xq", base=base):
                pass
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        assert await lent.get_head() == yard.base


async def test_reaping_leaves_what_is_lent_or_kept(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        assert await yard.workspaces.reap(frozenset()) == ()
        assert lent.path.exists()


async def test_hostile_words_make_a_harmless_branch(yard: Yard) -> None:
    for number, words in enumerate(("../../x", "-d main", "a..b~^:?*[\\", "", "ünï.lock", "@{1}")):
        async with yard.workspaces.open(f"run{number}", base=yard.base, slug=words) as lent:
            assert lent.branch.startswith(f"theseus/run{number}-")
    for run_id in ("../escape", "a-b", "", "a/b", "--help"):
        with pytest.raises(WorkspaceError):
            async with yard.workspaces.open(run_id, base=yard.base):
                pass


async def test_the_branch_and_the_starting_tag_stay(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base, slug="mend"):
        pass
    assert run_git(tmp_path / "checkout", "rev-parse", "theseus/k7m2xq-mend") == base
    assert run_git(tmp_path / "checkout", "rev-parse", "refs/tags/theseus/k7m2xq/start") == base


async def test_the_past_of_the_branch_can_be_read_and_no_other(yard: Yard) -> None:
    async with yard.workspaces.open("k7m2xq", base=yard.base) as lent:
        (lent.path / "dice.py").write_text("one\n2\nthree\n")
        (lent.path / "fresh.txt").write_text("a\n")
        head = await lent.commit("Write a number\n\nIt is shorter.")
        assert [each.sha for each in await lent.log(limit=5)] == [head, yard.base]
        assert [each.sha for each in await lent.log(limit=1)] == [head]
        newest, _ = await lent.log("dice.py", limit=5)
        assert newest.summary == "Write a number"
        assert [each.sha for each in await lent.log("fresh.txt", limit=5)] == [head]
        assert await lent.log("nowhere.txt", limit=5) == ()
        assert (
            await lent.list_changed_files(head)
            == await lent.list_changed_files("HEAD")
            == ("dice.py", "fresh.txt")
        )
        assert await lent.list_changed_files("HEAD~1") == tuple(sorted(FILES))
        text = await lent.show_commit(head, ("dice.py",))
        assert "It is shorter." in text
        assert "-two\n+2" in text
        assert "fresh.txt" not in text
    async with yard.workspaces.open("other1", base=yard.base) as other:
        for nothing in (head, "0" * 40):
            with pytest.raises(WorkspaceError):
                await other.list_changed_files(nothing)
            with pytest.raises(WorkspaceError):
                await other.show_commit(nothing, ("dice.py",))
