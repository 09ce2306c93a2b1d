"""Compares two revisions of any git repository without writing, fetching or running anything."""

import re
from pathlib import Path
from typing import Self

from theseus_guard.git_output import parse_file_changes, parse_names
from theseus_guard.git_reader import GitReader, look_up_tree, read_diff, read_text
from theseus_guard.git_settings import PLAIN_DIFF
from theseus_guard.records import FileChange

_MODULE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class GitComparison:
    """The difference between two trees of a repository, without looking for a merge base."""

    def __init__(self, git: GitReader, base: str, head: str) -> None:
        self._git = git
        self.base = base
        self.head = head

    @classmethod
    def open(cls, folder: Path, base: str, head: str) -> Self:
        """Resolve both revisions. Raises `GuardError`."""
        git = GitReader.open(folder)
        return cls(git, look_up_tree(git, "--base", base), look_up_tree(git, "--head", head))

    def get_diff(self) -> str:
        """Return the unified diff, with renames detected."""
        return read_diff(self._git, self.base, self.head, "--")

    def list_changes(self) -> tuple[FileChange, ...]:
        """Return the changed files; a rename also lists the old path, as deleted."""
        options = (*PLAIN_DIFF, "-z", "-M", "--raw", "--numstat")
        return parse_file_changes(self._git.run("diff", *options, self.base, self.head, "--").out)

    def list_files(self) -> frozenset[str]:
        """Return the path of every file at base."""
        return frozenset(
            parse_names(
                self._git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.base).out
            )
        )

    def read_base(self, file: str) -> str | None:
        """Return a file's text at base; `None` if it is not there or not text."""
        return read_text(self._git, self.base, file)

    def read_head(self, file: str) -> str | None:
        """Return a file's text at head; `None` if it is not there or not text."""
        return read_text(self._git, self.head, file)

    def is_imported(self, module: str) -> bool:
        """Return whether any Python file at base imports the top-level module."""
        if not _MODULE.fullmatch(module):
            return False
        pattern = rf"^\s*(from\s+{module}(\.\S*)?\s+import\s|import\s+(.*,\s*)?{module}(\.|,|\s|$))"
        command = ("grep", "-q", "-I", "-E", "-e", pattern, self.base)
        result = self._git.run(*command, "--", ":(top,glob)**/*.py*", ok=None)
        return result.status == 0
