"""The diff guard on what git itself writes: links, modes, renames, odd names."""

import os
from pathlib import Path

import pytest
from guard_tests.cases import CODE, DICE, HERE, PROTECTION, TEST, redact
from guard_tests.repositories import make_repository, run_git, write
from theseus_guard import PythonText, inspect, list_text_files
from theseus_guard.git_output import parse_file_changes


class Tree:
    """A real repository whose staged changes are judged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        make_repository(root, {DICE: CODE, HERE: TEST, "run.sh": "true\n", "logo.png": b"\0\1"})

    def judged(self, *owned: str) -> dict[str, set[str]]:
        run_git(self.root, "add", "-A")
        diff = run_git(self.root, "diff", "--cached", "-M", "HEAD")
        listed = run_git(self.root, "diff", "--cached", "-z", "-M", "--raw", "--numstat", "HEAD")
        changes = parse_file_changes(listed.encode())
        found = inspect(
            diff,
            changes,
            owned_files=frozenset(owned or (change.path for change in changes)),
            base_files=run_git(self.root, "ls-tree", "-r", "--name-only", "HEAD").splitlines(),
            protection=PROTECTION,
            allowed_new=frozenset(),
            sources={
                path: PythonText(self.read("HEAD", before), self.read("", path))
                for path, before in list_text_files(diff)
            },
            redact=redact,
        )
        rules: dict[str, set[str]] = {}
        for one in found:
            assert one.blocking or one.rule == "test_changed"
            rules.setdefault(one.path, set()).add(one.rule)
        return rules

    def read(self, commit: str, path: str) -> str | None:
        """Return a file's text in a commit; in the index where it is none."""
        listed = run_git(self.root, "ls-files", "-z", "--", path)
        known = (
            run_git(self.root, "ls-tree", "-r", "--name-only", "-z", commit) if commit else listed
        )
        return run_git(self.root, "show", f"{commit}:{path}") if path in known.split("\0") else None


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def test_a_link_stops_the_change(tree: Tree) -> None:
    (tree.root / "cogs" / "link.py").symlink_to("/etc/passwd")
    assert tree.judged() == {"cogs/link.py": {"unsafe_file"}}


def test_a_file_turned_into_a_link_stops_the_change(tree: Tree) -> None:
    (tree.root / DICE).unlink()
    (tree.root / DICE).symlink_to("/etc/passwd")
    assert tree.judged() == {DICE: {"unsafe_file"}}


def test_an_executable_stops_the_change(tree: Tree) -> None:
    (tree.root / "run.sh").chmod(0o755)
    assert tree.judged() == {"run.sh": {"unsafe_file"}}


def test_a_binary_stops_the_change(tree: Tree) -> None:
    write(tree.root, {"logo.png": b"\0\2", "new.bin": b"\0"})
    assert tree.judged() == {"logo.png": {"unsafe_file"}, "new.bin": {"unsafe_file"}}


def test_a_submodule_stops_the_change(tree: Tree) -> None:
    head = run_git(tree.root, "rev-parse", "HEAD")
    run_git(tree.root, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    os.makedirs(tree.root / "sub")  # noqa: PTH103
    make_repository(tree.root / "sub" / "x")
    assert "unsafe_file" in tree.judged().get("sub", set())


def test_a_test_renamed_out_of_pytests_sight_stops_the_change(tree: Tree) -> None:
    run_git(tree.root, "mv", HERE, "tests/cogs/dice_checks.py")
    assert tree.judged() == {HERE: {"test_deleted"}}


def test_a_test_that_moves_is_let_through(tree: Tree) -> None:
    run_git(tree.root, "mv", HERE, "tests/test_dice.py")
    assert tree.judged() == {"tests/test_dice.py": {"test_changed"}}


def test_both_ends_of_a_rename_must_be_owned(tree: Tree) -> None:
    run_git(tree.root, "mv", DICE, "cogs/cubes.py")
    assert tree.judged("cogs/cubes.py") == {DICE: {"ownership"}}


def test_names_that_git_quotes_are_read_back(tree: Tree) -> None:
    odd = ["cogs/\u00e4 b.py", 'cogs/"q".py', "cogs/tab\there.py"]
    write(tree.root, dict.fromkeys(odd, "x = 1\n"))
    assert tree.judged() == {odd[2]: {"unsafe_file"}}


def test_an_empty_new_file_and_a_file_without_a_last_newline_are_read(tree: Tree) -> None:
    write(tree.root, {"cogs/__init__.py": "", DICE: CODE.rstrip("\n")})
    assert tree.judged() == {}
