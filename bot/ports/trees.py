"""The trees port: a repository's commits as plain files, to be read or played."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class CommitTrees(Protocol):
    """Lays out commits. The repository, its checkout and worktrees stay as they are."""

    def laid_out(self, commit: str) -> AbstractAsyncContextManager[Path]:
        """Lend a folder of its own with every file of a commit, given by its full id.

        Nothing of git is in it; it is removed on exit. Raises `WorkspaceError` where the commit is
        not known here.
        """
        ...
