"""What every running checkout promises. A further kind is one more room."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from bot.adapters.git_checkout import GitCheckout
from bot.domain.errors import CheckoutDirty, WorkspaceError
from bot.ports.workspace import Checkout
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.repositories import clone_repository, commit, make_repository, run_git, write

FILES: dict[str, str | bytes | None] = {
    "dice.py": "one\ntwo\nthree\n",
    "logo.png": b"\x89PNG\0",
    "with ü and space.txt": "text\r\n",
}


class Room(Protocol):
    """A checkout, and a forge that gets further."""

    @property
    def checkout(self) -> Checkout: ...

    def advance(self, files: dict[str, str | bytes | None]) -> str:
        """Add a commit to the forge's branch; return it."""
        ...

    def edit(self, files: dict[str, str | bytes | None]) -> None:
        """Change files of the checkout by hand."""
        ...

    def diverge(self) -> None:
        """Give the checkout a commit of its own."""
        ...

    def branch(self, name: str, files: dict[str, str | bytes | None], *, pushed: bool) -> None:
        """Let somebody work on a branch: in the checkout's repository, or at the forge."""
        ...


class FakeRoom:
    """The checkout in memory."""

    def __init__(self) -> None:
        self.checkout = FakeCheckout(files=dict(FILES))

    def advance(self, files: dict[str, str | bytes | None]) -> str:
        return self.checkout.advance(files)

    def edit(self, files: dict[str, str | bytes | None]) -> None:
        self.checkout.edit(files)

    def diverge(self) -> None:
        self.checkout.diverged = True

    def branch(self, name: str, files: dict[str, str | bytes | None], *, pushed: bool) -> None:
        self.checkout.worked_on[name] = tuple(files)


class GitRoom:
    """A clone of a bare repository."""

    def __init__(self, folder: Path) -> None:
        make_repository(folder / "source", FILES)
        bare = clone_repository(folder / "source", folder / "forge.git", bare=True)
        for name in ("checkout", "other"):
            clone_repository(bare, folder / name)
        self._folder = folder
        self.checkout = GitCheckout(folder / "checkout")

    def advance(self, files: dict[str, str | bytes | None]) -> str:
        head = commit(self._folder / "other", files, "Onwards")
        run_git(self._folder / "other", "push", "-q", "origin", "main")
        return head

    def edit(self, files: dict[str, str | bytes | None]) -> None:
        write(self._folder / "checkout", files)

    def diverge(self) -> None:
        commit(self._folder / "checkout", {"own.txt": "own\n"}, "Own")

    def branch(self, name: str, files: dict[str, str | bytes | None], *, pushed: bool) -> None:
        clone = self._folder / ("other" if pushed else "checkout")
        run_git(clone, "switch", "-q", "-c", name)
        commit(clone, files, "Half way")
        if pushed:
            run_git(clone, "push", "-q", "origin", name)
        run_git(clone, "switch", "-q", "main")


@pytest.fixture(params=["fake", "git"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    """Return each kind of checkout in turn."""
    return FakeRoom() if request.param == "fake" else GitRoom(tmp_path)


async def test_it_reads_files_as_they_stand(room: Room) -> None:
    assert room.checkout.path.is_absolute()
    assert await room.checkout.read("with ü and space.txt") == "text\r\n"
    room.edit({"dice.py": "edited\n"})
    assert await room.checkout.read("dice.py") == "edited\n"
    for absent in ("absent.txt", "logo.png", "../source/dice.py", "/etc/passwd", ".git/config", ""):
        assert await room.checkout.read(absent) is None


async def test_it_reads_files_as_a_commit_holds_them(room: Room) -> None:
    before = await room.checkout.get_head()
    commit = room.advance({"dice.py": "four\n"})
    assert await room.checkout.read_at(commit, "dice.py") is None, "it is not here yet"
    await room.checkout.fast_forward(commit)
    room.edit({"dice.py": "five\n"})
    for read, file, text in (
        (before, "dice.py", "one\ntwo\nthree\n"), (before[:10], "dice.py", "one\ntwo\nthree\n"),
        (commit, "dice.py", "four\n"), (commit, "logo.png", None), (commit, "gone.py", None),
        (commit, "../dice.py", None), (commit, "/etc/passwd", None), (commit, "a\0b", None),
        ("HEAD", "dice.py", None), ("--help", "dice.py", None), ("", "dice.py", None),
        ("0" * 40, "dice.py", None), (f"{commit}:dice.py", "", None),
    ):  # fmt: skip
        assert await room.checkout.read_at(read, file) == text, (read, file)


async def test_it_moves_forward_and_tells_what_changed(room: Room) -> None:
    before = await room.checkout.get_head()
    head = room.advance({"dice.py": "better\n", "new ü.py": "x\n", "logo.png": None})
    assert not await room.checkout.has_commit(head)
    changed = await room.checkout.fast_forward(head)
    assert sorted(changed) == ["dice.py", "logo.png", "new ü.py"]
    assert await room.checkout.get_head() == head
    assert await room.checkout.has_commit(head)
    assert await room.checkout.has_commit(before)
    assert await room.checkout.read("dice.py") == "better\n"
    assert await room.checkout.fast_forward(head) == ()
    assert await room.checkout.fast_forward(before) == ()
    assert await room.checkout.get_head() == head


async def test_it_goes_no_further_than_asked(room: Room) -> None:
    wanted = room.advance({"dice.py": "approved\n"})
    newer = room.advance({"dice.py": "somebody else's\n"})
    await room.checkout.fast_forward(wanted)
    assert await room.checkout.get_head() == wanted
    assert await room.checkout.read("dice.py") == "approved\n"
    assert not await room.checkout.has_commit(newer)


async def test_commits_of_different_files_are_different_trees(room: Room) -> None:
    before = await room.checkout.get_tree_id(await room.checkout.get_head())
    newest = room.advance({"dice.py": "better\n"})
    await room.checkout.fetch_tip()
    assert await room.checkout.get_tree_id(newest) != before
    assert await room.checkout.get_tree_id(newest) == await room.checkout.get_tree_id(newest)


async def test_the_followed_branchs_newest_commit_is_known_before_anything_moves(
    room: Room,
) -> None:
    before = await room.checkout.get_head()
    assert await room.checkout.fetch_tip() == before
    room.advance({"dice.py": "better\n"})
    newest = room.advance({"dice.py": "better still\n"})
    assert await room.checkout.fetch_tip() == newest
    assert await room.checkout.get_head() == before
    assert await room.checkout.read("dice.py") == "one\ntwo\nthree\n"


async def test_local_changes_in_the_way_stop_it(room: Room) -> None:
    before = await room.checkout.get_head()
    head = room.advance({"dice.py": "better\n", "new.txt": "n\n"})
    room.edit({"dice.py": "edited by hand\n"})
    with pytest.raises(CheckoutDirty, match=r"dice\.py"):
        await room.checkout.fast_forward(head)
    assert await room.checkout.get_head() == before
    assert await room.checkout.read("dice.py") == "edited by hand\n"
    assert await room.checkout.read("new.txt") is None


async def test_untracked_files_in_the_way_stop_it(room: Room) -> None:
    head = room.advance({"new.txt": "theirs\n"})
    room.edit({"new.txt": "mine\n"})
    with pytest.raises(CheckoutDirty, match=r"new\.txt"):
        await room.checkout.fast_forward(head)
    assert await room.checkout.read("new.txt") == "mine\n"


async def test_local_changes_elsewhere_stay(room: Room) -> None:
    room.edit({"with ü and space.txt": "edited\n"})
    head = room.advance({"dice.py": "better\n"})
    assert await room.checkout.fast_forward(head) == ("dice.py",)
    assert await room.checkout.read("with ü and space.txt") == "edited\n"


async def test_a_diverged_checkout_is_left_alone(room: Room) -> None:
    room.diverge()
    before = await room.checkout.get_head()
    head = room.advance({"dice.py": "better\n"})
    with pytest.raises(CheckoutDirty):
        await room.checkout.fast_forward(head)
    assert await room.checkout.get_head() == before


async def test_a_commit_that_the_forge_does_not_have_is_an_error(room: Room) -> None:
    before = await room.checkout.get_head()
    for commit_id in ("1" * 40, "nonsense", "--help"):
        with pytest.raises(WorkspaceError):
            await room.checkout.fast_forward(commit_id)
        assert not await room.checkout.has_commit(commit_id)
    assert await room.checkout.get_head() == before


async def test_unknown_places_have_no_suspects(room: Room) -> None:
    sites = [("absent.py", 3), ("dice.py", 9_999), ("dice.py", 0), ("../x", 1)]
    assert await room.checkout.find_suspects(sites) == ()


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_what_changed_since_a_commit_is_told_the_first_files_first(room: Room) -> None:
    start = await room.checkout.get_head()
    other = room.advance({"logo.png": b"new"})
    first = room.advance({"dice.py": "one\n"})
    second = room.advance({"dice.py": "two\n", "logo.png": b"newer"})
    await room.checkout.fast_forward(second)
    files = ("dice.py", "logo.png", "never.py")
    found = await room.checkout.list_changes_since(start, files)
    assert [each.commit.sha for each in found] == [second, first, other]
    assert "dice.py" in found[1].touched
    assert len(await room.checkout.list_changes_since(start, files, limit=2)) == 2
    assert [each.commit.sha for each in await room.checkout.list_changes_since(first, files)] == [
        second
    ]
    for nothing in (second, "f" * 40, "--all", ""):
        assert await room.checkout.list_changes_since(nothing, files) == ()
    assert await room.checkout.list_changes_since(start, ()) == ()


async def test_a_checkout_nobody_works_in_says_so(room: Room) -> None:
    work = await room.checkout.get_local_work()
    assert (work.followed, work.branch, work.changed, work.commits_ahead) == ("main", "main", (), 0)
    head = room.advance({"dice.py": "better\n"})
    await room.checkout.fast_forward(head)
    assert (await room.checkout.get_local_work()) == work


async def test_files_that_people_edit_are_named(room: Room) -> None:
    room.edit({"with ü and space.txt": "edited\n", "dice.py": "edited\n"})
    assert (await room.checkout.get_local_work()).changed == ("dice.py", "with ü and space.txt")


async def test_commits_the_forge_lacks_are_counted(room: Room) -> None:
    room.diverge()
    assert (await room.checkout.get_local_work()).commits_ahead == 1


@pytest.mark.parametrize("pushed", [False, True])
async def test_a_branch_on_the_same_files_is_found_here_and_at_the_forge(
    room: Room, *, pushed: bool
) -> None:
    room.branch("faster-dice", {"dice.py": "faster\n", "more.py": "more\n"}, pushed=pushed)
    [found] = await room.checkout.list_branches(["dice.py", "absent.py"], LONG_AGO)
    assert (found.name, found.files) == ("faster-dice", ("dice.py",))
    assert await room.checkout.list_branches(["logo.png"], LONG_AGO) == ()
    assert await room.checkout.list_branches([], LONG_AGO) == ()
